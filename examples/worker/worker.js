#!/usr/bin/env node
// A node that carries one handler, over plain SQL: worker.py in JavaScript.
// Usage: worker.js ENVIRONMENT [--until-idle]
//
// DATABASE_URL says where the database is; the environment's schema is on the role's search_path.
"use strict";
const { createHash, createHmac } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const { Client } = require("pg");

const HANDLER = "send_invoice", VERSION = 1;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const BUILD = sha256(fs.readFileSync(__filename)).toString("hex");

// What it writes commits together with the task's end: exactly once.
const handle = (db, payload) => {
  if (!("order" in payload)) throw new Error("there is no order in it");
  return db.query("insert into invoice (order_id) values ($1)", [payload.order]);
};

// Shows the token without sending it: docs/security.md.
function proof(token, asked, environment, machine) {
  const key = Buffer.from(token.slice(-64), "hex");
  const answer = createHmac("sha256", sha256(token)).update(`${asked}:${environment}:${machine}`);
  const shown = answer.digest().map((byte, i) => byte ^ key[i]);
  return token.slice(0, -64) + Buffer.from(shown).toString("hex");
}

async function register(db, environment) {
  const folder = process.env.XDG_CONFIG_HOME || `${os.homedir()}/.config`;
  const token = fs.readFileSync(`${folder}/baton/${environment}.token`, "utf8").trim();
  const idFile = process.env.BATON_MACHINE_ID_FILE || "/etc/machine-id";
  const machine = sha256(fs.readFileSync(idFile)).toString("hex");
  await db.query("begin");
  const asked = (await db.query("select challenge() as text")).rows[0].text;
  const { session, code, message } = (await db.query(
    "select * from register_node($1, $2, $3, null, $4, $5) as r (session, code, message)",
    [environment, machine, proof(token, asked, environment, machine),
     `${os.hostname()}:${process.pid}`,
     JSON.stringify([{ name: HANDLER, version: VERSION, build: BUILD }])])).rows[0];
  await db.query("commit"); // a refusal is on record
  if (!session) throw new Error(`${message} [${code}]`);
  return session;
}

async function work(db, session, untilIdle) {
  let stopped = false;
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => { stopped = true; });
  while (!stopped) {
    const { rows } = await db.query("select token, payload from claim($1, $2, 10)", [session, HANDLER]);
    for (const { token, payload } of rows) {
      try {
        await db.query("begin");
        await handle(db, payload);
        await db.query("select complete($1, $2)", [session, token]);
        await db.query("commit");
      } catch (error) { // of any kind: the task comes again, or is dead
        await db.query("rollback");
        await db.query("select fail($1, $2, $3)", [session, token, String(error)]);
      }
    }
    if (rows.length > 0) continue;
    await db.query("select maintain()");
    if (untilIdle) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function main(environment, untilIdle) {
  const db = new Client({ connectionString: process.env.DATABASE_URL });
  await db.connect();
  const session = await register(db, environment);
  await work(db, session, untilIdle);
  await db.query("select deregister_node($1)", [session]);
  await db.end();
}

main(process.argv[2], process.argv.includes("--until-idle")).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
