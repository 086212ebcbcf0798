"""Asterisk over ARI: one websocket for events and commands, HTTP for surveys.

The way in: ``link`` reads frames, ``events`` types them, ``decode`` makes facts, ``feed`` hands those over.
The way out: ``telephony`` takes an action, ``requests`` words it, ``rest`` sends it and finds its answer.
``connection`` keeps one link up, and makes another when it breaks.
"""
