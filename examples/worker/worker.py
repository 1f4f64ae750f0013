#!/usr/bin/python3
"""A node that carries one handler, over plain SQL. Usage: worker.py ENVIRONMENT [--until-idle]

DATABASE_URL says where the database is; the environment's schema is on the role's search_path.
"""
import hashlib, hmac, json, os, pathlib, socket, sys, time
import psycopg2

HANDLER, VERSION = "send_invoice", 1
BUILD = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()


def handle(cursor, payload):
    """What it writes commits together with the task's end: exactly once."""
    cursor.execute("insert into invoice (order_id) values (%s)", (payload["order"],))


def proof(token, asked, environment, machine):
    """Shows the token without sending it: docs/security.md."""
    prefix, key = token[:-64], bytes.fromhex(token[-64:])
    stored = hashlib.sha256(token.encode()).digest()
    answer = hmac.digest(stored, f"{asked}:{environment}:{machine}".encode(), "sha256")
    return prefix + bytes(a ^ b for a, b in zip(key, answer)).hex()


def register(cursor, environment, handlers):
    folder = pathlib.Path(os.environ.get("XDG_CONFIG_HOME", pathlib.Path.home() / ".config"))
    token = (folder / "baton" / f"{environment}.token").read_text().strip()
    id_file = os.environ.get("BATON_MACHINE_ID_FILE", "/etc/machine-id")
    machine = hashlib.sha256(pathlib.Path(id_file).read_bytes()).hexdigest()
    cursor.execute("select challenge()")
    shown = proof(token, cursor.fetchone()[0], environment, machine)
    cursor.execute(
        "select * from register_node(%s, %s, %s, null, %s, %s)",
        (environment, machine, shown, f"{socket.gethostname()}:{os.getpid()}",
         json.dumps(handlers)))
    session, code, message = cursor.fetchone()
    cursor.connection.commit()  # a refusal is on record
    return session or sys.exit(f"{message} [{code}]")


def work(connection, session, until_idle):
    cursor = connection.cursor()
    while True:
        cursor.execute("select token, payload from claim(%s, %s, 10)", (session, HANDLER))
        tasks = cursor.fetchall()
        connection.commit()
        for token, payload in tasks:
            try:
                handle(cursor, payload)
                cursor.execute("select complete(%s, %s)", (session, token))
            except Exception as error:  # of any kind: the task comes again, or is dead
                connection.rollback()
                cursor.execute("select fail(%s, %s, %s)", (session, token, repr(error)))
            connection.commit()
        if not tasks:
            cursor.execute("select maintain()")
            connection.commit()
            if until_idle:
                return
            time.sleep(1)


def main(environment, until_idle):
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    session = register(connection.cursor(), environment,
                       [{"name": HANDLER, "version": VERSION, "build": BUILD}])
    try:
        work(connection, session, until_idle)
    except KeyboardInterrupt:
        connection.rollback()
    connection.cursor().execute("select deregister_node(%s)", (session,))
    connection.commit()


if __name__ == "__main__":
    main(sys.argv[1], "--until-idle" in sys.argv)
