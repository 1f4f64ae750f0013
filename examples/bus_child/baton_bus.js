// A client of the local bus, for a process of fan_out(): docs/local_bus_wire.md, in JavaScript.
// Needs npm's zeromq and @msgpack/msgpack.
const { decodeMulti, encode } = require("@msgpack/msgpack");
const zmq = require("zeromq");

class Bus {
    #socket = new zmq.Pair();
    #callbacks = [];
    #saying = Promise.resolve();
    cancelled = false; // whether nobody wants the items any more that this process has

    constructor() {
        this.#socket.connect(process.env.BATON_BUS);
        this.#say("hello", 1, process.env.BATON_BUS_SECRET);
    }
    publish(topic, value, retain = false) {
        return this.#say("publish", topic, value, retain);
    }
    // callback(topic, value). when_full: ms, "drop_oldest", "drop_newest" or "conflate"
    subscribe(pattern, callback, depth = 256, when_full = 1000) {
        const id = this.#callbacks.push(callback) - 1;
        return this.#say("subscribe", id, pattern, depth, when_full);
    }
    log(level, text) {
        return this.#say("log", level, text);
    }
    // Answers each item with function(item), which may be async, until the bus ends.
    async work(work) {
        let done = Promise.resolve();
        for await (const [frame] of this.#socket) {
            for (const [kind, ...rest] of decodeMulti(frame)) {
                if (kind === "bye" || kind === "cancel") this.cancelled = true;
                if (kind === "bye") return done.then(() => this.#socket.close());
                if (kind === "refused") console.log("refused:", rest[0]);
                done = done.then(() => this.#obey(kind, rest, work));
            }
        }
    }
    async #obey(kind, rest, work) {
        if (kind === "message") {
            await this.#callbacks[rest[0]](rest[1], rest[4]);
            return this.#say("taken", rest[0], 1);
        }
        if (kind !== "work" || this.cancelled) return;
        try {
            await this.#say("result", rest[0], await work(rest[2]));
        } catch (error) {
            await this.#say("failed", rest[0], String(error));
        }
    }
    // One after the other: a socket of ZeroMQ sends one frame at a time.
    #say(...message) {
        return (this.#saying = this.#saying.then(() => this.#socket.send(encode(message))));
    }
}

module.exports = { Bus };
