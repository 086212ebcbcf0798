"""Tools that break things on purpose, for any test: wires that can be cut, events that get lost, processes that die.

Those that stand between two real parts (`wire`, `cut_wire`, `unkind`) are context managers, on loopback, and gone when
their block is left. `virtual_time` is an event loop that never waits; in it `lives` runs a whole service that dies at
`crash_points` and is started again, beside an `undying_switch`, on `small_days` and on a `busy_day`.
"""
