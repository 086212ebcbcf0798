"""What the `./dev` command is made of: a whole telephone company on one machine, built, run and torn down.

`debian` installs packages, `asterisk_tree` finds or makes an Asterisk, `asterisk` and `postgres` run one of each in
a data folder, `phones` are SIPp phones and callers, and `company` is all of it with the service in the middle.
`demo`, `up`, the real tests and the benchmarks each use a `Company`; nothing of this is needed in production.
"""
