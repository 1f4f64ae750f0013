// Sessions whose statements are carried out in every order that there is: what a race can come to,
// without waiting for it to happen.
//
// Each session is a list of statements. An order says whose statement is sent next; one that waits
// for another session (pg_blocking_pids() tells) stays behind until that lets it go on, and orders
// that would need it earlier do not exist. So what is tried is exactly what can happen. Deadlocks
// end as they do in life: one session gets an error.
//
// Threads: one thread.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"

namespace baton::testing {

/// What a session does: a statement, or several that go to the server together, for each step. It
/// opens and ends its transactions itself; after an error it is rolled back, and its rest is left
/// out.
struct Part {
    std::string name;
    std::vector<std::string> steps;
};

struct PlayedPart {
    std::string name;
    /// Of each step that was carried out: the first column of the last result that has one, rows
    /// joined by commas.
    std::vector<std::string> answers;
    /// Of the step that failed: its SQLSTATE and message; empty: none did.
    std::string sqlstate;
    std::string message;
    /// Some step waited for another session.
    bool has_waited = false;
};

struct Played {
    std::vector<PlayedPart> parts;
    /// As people read it: whose statement went to the server; "cancel~" waits for another one,
    /// "cancel!" has failed by now.
    std::string order;
};

/// The order, and of each part what it was told.
[[nodiscard]] std::string described(const Played& played);

class Interleaver {
public:
    /// So many sessions in the test's environment, whose server finds deadlocks quickly.
    Interleaver(const std::string& url, std::size_t sessions);

    /// Plays every order of what `begin` returns: it is called before each, makes what the parts
    /// are about, and writes that into their statements; it must return the same number of parts
    /// and steps each time. `end` looks at what has come of it; false: that is enough. Not more
    /// orders than `at_most`. Returns how many were played.
    std::size_t play_all(const std::function<std::vector<Part>()>& begin,
                         const std::function<bool(const Played&)>& end,
                         std::size_t at_most = 1'000'000);

private:
    struct Closer {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    struct Player {
        std::unique_ptr<PGconn, Closer> connection;
        int pid = 0;
        bool is_running = false;
        std::size_t next = 0;
        int sleeps = 0;
    };
    /// Whose statement was sent of how many that could have been.
    struct Choice {
        std::size_t taken = 0;
        std::size_t options = 0;
    };

    Played play(const std::vector<Part>& parts, std::vector<Choice>& path);
    void send(std::size_t player, const std::string& statement);
    /// Until each statement has ended, or waits for a session that has nothing running.
    void settle(const std::vector<Part>& parts, Played& played);
    void collect(Player& player, PlayedPart& part, std::size_t steps);
    /// Of those that run, whether they wait so.
    std::vector<bool> are_waiting(std::size_t count);

    std::vector<Player> players_;
    sql::Connection watch_;
};

}  // namespace baton::testing
