#!/usr/bin/python3
"""Follows the log over plain SQL, exactly once. Usage: follower.py ENVIRONMENT [--until-idle]

DATABASE_URL says where the database is; the environment's schema is on the role's search_path."""
import os, pathlib, select, sys
import psycopg2
sys.path.append(str(pathlib.Path(__file__).parents[1] / "worker"))
from worker import register


def follow(connection, session, until_idle):
    cursor = connection.cursor()
    cursor.execute("select token, held_by from follow(%s, 'statement', %s, 1)",
                   (session, ["payment/received"]))
    token, held_by = cursor.fetchone()
    if not token:
        sys.exit(f"{held_by} follows from this bookmark")
    cursor.execute("select await_events(%s)", (session,))
    cursor.execute(f'listen "{cursor.fetchone()[0]}"')
    connection.commit()
    while True:
        cursor.execute("select type, payload, position from read_follow(%s, array[%s])",
                       (session, token))
        *events, (_, _, reached) = cursor.fetchall()  # the last row says how far it looked
        for _, payment, _ in events:
            cursor.execute("insert into statement_line (account, amount) values (%s, %s)",
                           (payment["account"], payment["amount"]))
        if events:  # in the same transaction: exactly once
            cursor.execute("select advance(%s, %s, %s)", (session, token, reached))
        cursor.execute("select heartbeat(%s)", (session,))
        connection.commit()
        if not events:
            if until_idle:
                return
            select.select([connection], [], [], 5)  # rung where the log has grown
            connection.poll()


if __name__ == "__main__":
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
        session = register(connection.cursor(), sys.argv[1], [])
        follow(connection, session, "--until-idle" in sys.argv)
