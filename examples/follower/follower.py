#!/usr/bin/python3
"""Follows the log, exactly once. Usage: follower.py ENVIRONMENT [--until-idle]; see worker.py."""
import os, pathlib, select, sys
import psycopg2
sys.path.append(str(pathlib.Path(__file__).parents[1] / "worker"))
from worker import register


def follow(connection, session, until_idle):
    cursor = connection.cursor()
    cursor.execute("select token, position, held_by from follow(%s, 'statement', %s, 1)",
                   (session, ["payment/received"]))
    token, position, held_by = cursor.fetchone()
    if held_by:
        sys.exit(f"{held_by} follows from this bookmark")
    cursor.execute("select await_events(%s)", (session,))
    cursor.execute(f"listen {cursor.fetchone()[0]}")
    connection.commit()
    while True:
        cursor.execute("select heartbeat(%s)", (session,))
        cursor.execute("select payload, position from read_follow(%s, %s)", (session, [token]))
        *events, (_, reached) = cursor.fetchall()  # the last one: up to where it looked
        for payment, _ in events:
            cursor.execute("insert into statement_line (account, amount) values "
                           "(%(account)s, %(amount)s)", payment)
        if reached > position:  # in the same transaction
            cursor.execute("select advance(%s, %s, %s)", (session, token, reached))
        connection.commit()
        if reached == position and until_idle:
            return
        if reached == position:
            select.select([connection], [], [], 5)  # rung where the log has grown
            connection.poll()
        position = reached


with psycopg2.connect(os.environ["DATABASE_URL"]) as database:
    follow(database, register(database.cursor(), sys.argv[1], []), "--until-idle" in sys.argv)
