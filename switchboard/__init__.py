"""Switchboard: a company's telephone operator, driving Asterisk over ARI. A call's journey in seven stages:

1. Asterisk tells of a new channel; it is decoded into a fact         ``adapters.asterisk.decode``
2. facts are put in order, handed to the exchange, kept, acted upon    ``engine.loop``
3. the number becomes a client, the client a class                     ``core.caller``, ``core.classification``
4. rules choose a plan, a list of steps                                ``core.routing``
5. a step queues the caller or rings people                            ``core.call``, ``core.queueing``
6. actions ring, answer, bridge and play on Asterisk                   ``engine.lanes``, ``adapters.asterisk.telephony``
7. entries become rows: the call, its history, tasks                   ``adapters.postgres.recorder``
"""
