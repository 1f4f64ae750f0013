"""A client of the local bus, for a process of fan_out(): docs/local_bus_wire.md, in Python.

Needs Debian's python3-zmq and python3-msgpack. One thread has it; callbacks are called by work()."""
import collections
import os

import msgpack
import zmq


class Bus:
    def __init__(self):
        self._socket = zmq.Context.instance().socket(zmq.PAIR)
        self._socket.connect(os.environ["BATON_BUS"])
        self._heard, self._callbacks, self._is_cancelled = collections.deque(), {}, False
        self._say("hello", 1, os.environ["BATON_BUS_SECRET"])

    def publish(self, topic, value, retain=False):
        self._say("publish", topic, value, retain)

    def subscribe(self, pattern, callback, depth=256, when_full=1000):
        """callback(topic, value). when_full: ms, "drop_oldest", "drop_newest" or "conflate"."""
        self._callbacks[len(self._callbacks)] = callback
        self._say("subscribe", len(self._callbacks) - 1, pattern, depth, when_full)

    def log(self, level, text):
        self._say("log", level, text)

    def cancelled(self):
        """Whether nobody wants the items any more that this process has."""
        while self._socket.poll(0):
            self._hear()
        return self._is_cancelled

    def work(self, function=None):
        """Answers each item with function(item), until the bus ends."""
        while True:
            while not self._heard:
                self._hear()
            kind, *rest = self._heard.popleft()
            if kind == "work" and not self._is_cancelled:
                try:
                    self._say("result", rest[0], function(rest[2]))
                except Exception as error:
                    self._say("failed", rest[0], f"{type(error).__name__}: {error}")
            elif kind == "message":
                self._callbacks[rest[0]](rest[1], rest[4])
                self._say("taken", rest[0], 1)
            elif kind == "refused":
                print("refused:", rest[0], flush=True)
            elif kind == "bye":
                return

    def _hear(self):
        unpacker = msgpack.Unpacker(max_buffer_size=1 << 20, strict_map_key=False)
        unpacker.feed(self._socket.recv())
        for message in unpacker:
            self._is_cancelled |= message[0] in ("cancel", "bye")
            self._heard.append(message)

    def _say(self, *message):
        self._socket.send(msgpack.packb(message))
