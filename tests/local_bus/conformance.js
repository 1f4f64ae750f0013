// The child of tests/local_bus/conformance_test.cpp, in JavaScript.
const { Bus } = require("../../examples/bus_child/baton_bus.js");

const bus = new Bus();
let scale = 1;

async function work({ what, numbers }) {
    if (what === "fail") throw new Error("told to fail");
    if (what === "exit") process.exit(3);
    if (what === "publish") for (const number of numbers) await bus.publish("number", { number });
    if (what === "log") {
        await bus.log("info", "a line for the log");
        console.log("a line on stdout");
    }
    if (what === "loop") {
        await bus.publish("number", { number: 1 });
        while (!bus.cancelled) await new Promise((wake) => setTimeout(wake, 10));
        await bus.publish("number", { number: 2 });
    }
    return { what, total: scale * numbers.reduce((sum, number) => sum + number, 0) };
}

bus.subscribe("scale", async (_topic, { number }) => {
    scale = number;
    await bus.publish("scaled", { number });
}, 64, "conflate");
bus.work(work);
