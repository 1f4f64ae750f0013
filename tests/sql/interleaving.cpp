#include "sql/interleaving.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <stdexcept>

#include "support/environment.hpp"

namespace baton::testing {
namespace {

using ResultPointer = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::chrono::seconds longest_wait{60};
// pg_sleep() in a loop is how a function waits that may not wait for a lock.
constexpr int sleeps_of_one_that_waits = 8;

std::string first_column(const PGresult* rows) {
    std::string text;
    for (int row = 0; row < PQntuples(rows); ++row) {
        text += (row == 0 ? "" : ",") + std::string(PQgetvalue(rows, row, 0));
    }
    return text;
}

}  // namespace

std::string described(const Played& played) {
    std::string text = played.order;
    for (const PlayedPart& part : played.parts) {
        text += "\n  " + part.name + ":";
        for (const std::string& answer : part.answers) text += " [" + answer + "]";
        text += " " + part.message;
    }
    return text;
}

Interleaver::Interleaver(const std::string& url, std::size_t sessions)
    : watch_(url, in_test_schema()) {
    // Appended: what adds texts up, a sanitizer's build warns of for no reason.
    std::string settings = "set search_path = ";
    settings.append(test_schema)
        .append(", pg_temp; set deadlock_timeout = '20ms'; ")
        .append("set client_min_messages = error");
    for (std::size_t i = 0; i < sessions; ++i) {
        Player player;
        player.connection.reset(PQconnectdb(url.c_str()));
        player.pid = PQbackendPID(player.connection.get());
        const ResultPointer set(PQexec(player.connection.get(), settings.c_str()), &PQclear);
        if (PQresultStatus(set.get()) != PGRES_COMMAND_OK) {
            throw std::runtime_error(PQerrorMessage(player.connection.get()));
        }
        players_.push_back(std::move(player));
    }
}

std::size_t Interleaver::play_all(const std::function<std::vector<Part>()>& begin,
                                  const std::function<bool(const Played&)>& end,
                                  std::size_t at_most) {
    std::vector<Choice> path;
    std::size_t played = 0;
    while (played < at_most) {
        const std::vector<Part> parts = begin();
        const bool goes_on = end(play(parts, path));
        ++played;
        if (!goes_on) break;
        while (!path.empty() && path.back().taken + 1 >= path.back().options) path.pop_back();
        if (path.empty()) break;
        ++path.back().taken;
    }
    return played;
}

Played Interleaver::play(const std::vector<Part>& parts, std::vector<Choice>& path) {
    Played played;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        players_[i].next = 0;
        played.parts.emplace_back().name = parts[i].name;
    }
    for (std::size_t depth = 0;; ++depth) {
        settle(parts, played);
        std::vector<std::size_t> free;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (!players_[i].is_running && players_[i].next < parts[i].steps.size()) {
                free.push_back(i);
            }
        }
        if (free.empty()) break;
        if (depth == path.size()) path.emplace_back();
        // Who of two in a deadlock gets the error is not for us to say, so there may be fewer.
        Choice& choice = path[depth];
        choice.options = free.size();
        choice.taken = std::min(choice.taken, free.size() - 1);
        const std::size_t chosen = free[choice.taken];
        played.order += (played.order.empty() ? "" : " ") + parts[chosen].name;
        send(chosen, parts[chosen].steps[players_[chosen].next++]);
    }
    if (std::any_of(players_.begin(), players_.end(),
                    [](const Player& player) { return player.is_running; })) {
        throw std::runtime_error("a session waits for one that never ends its transaction: " +
                                 played.order);
    }
    return played;
}

void Interleaver::send(std::size_t player, const std::string& statement) {
    if (PQsendQuery(players_[player].connection.get(), statement.c_str()) != 1) {
        throw std::runtime_error(PQerrorMessage(players_[player].connection.get()));
    }
    players_[player].is_running = true;
}

void Interleaver::collect(Player& player, PlayedPart& part, std::size_t steps) {
    std::string answer;
    for (PGresult* raw = nullptr; (raw = PQgetResult(player.connection.get())) != nullptr;) {
        const ResultPointer result(raw, &PQclear);
        if (PQresultStatus(raw) == PGRES_TUPLES_OK) {
            answer = first_column(raw);
        } else if (PQresultStatus(raw) != PGRES_COMMAND_OK) {
            const char* const state = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
            part.sqlstate = state == nullptr ? "lost" : state;
            part.message = PQresultErrorMessage(raw);
        }
    }
    player.is_running = false;
    if (part.sqlstate.empty()) {
        part.answers.push_back(answer);
    } else {
        player.next = steps;
        const ResultPointer back(PQexec(player.connection.get(), "rollback"), &PQclear);
    }
}

void Interleaver::settle(const std::vector<Part>& parts, Played& played) {
    const auto give_up_at = std::chrono::steady_clock::now() + longest_wait;
    for (Player& player : players_) player.sleeps = 0;
    for (;;) {
        std::vector<pollfd> sockets;
        for (const Player& player : players_) {
            if (player.is_running) {
                sockets.push_back({PQsocket(player.connection.get()), POLLIN, 0});
            }
        }
        if (sockets.empty()) return;
        const bool has_come = poll(sockets.data(), sockets.size(), 2) > 0;
        for (std::size_t i = 0; has_come && i < parts.size(); ++i) {
            Player& player = players_[i];
            if (!player.is_running) continue;
            PQconsumeInput(player.connection.get());
            if (PQisBusy(player.connection.get()) == 1) continue;
            collect(player, played.parts[i], parts[i].steps.size());
            if (!played.parts[i].sqlstate.empty()) {
                played.order += " " + parts[i].name + "!";
            }
        }
        if (has_come) continue;
        const std::vector<bool> waiting = are_waiting(parts.size());
        bool all_wait = true;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (players_[i].is_running) all_wait = all_wait && waiting[i];
        }
        if (all_wait) {
            for (std::size_t i = 0; i < parts.size(); ++i) {
                if (!players_[i].is_running) continue;
                if (!played.parts[i].has_waited) played.order += "~";
                played.parts[i].has_waited = true;
            }
            return;
        }
        if (std::chrono::steady_clock::now() > give_up_at) {
            throw std::runtime_error("nobody goes on: " + played.order);
        }
    }
}

std::vector<bool> Interleaver::are_waiting(std::size_t count) {
    std::string pids;
    std::map<int, std::size_t> players;
    for (std::size_t i = 0; i < count; ++i) {
        players[players_[i].pid] = i;
        pids += (pids.empty() ? "" : ",") + std::to_string(players_[i].pid);
    }
    std::vector<std::vector<std::size_t>> waits_for(count);
    std::vector<bool> waiting(count, false);
    for (const sql::Row& row : watch_.exec(
             "select pid, pg_catalog.array_to_string(pg_blocking_pids(pid), ' '), "
             "wait_event is not distinct from 'PgSleep' from pg_stat_activity where pid in (" +
             pids + ")")) {
        const std::size_t player = players.at(static_cast<int>(row.integer(0)));
        std::istringstream blockers{std::string(row.text(1))};
        for (int blocker = 0; blockers >> blocker;) {
            const auto found = players.find(blocker);
            if (found != players.end()) waits_for[player].push_back(found->second);
        }
        if (row.text(2) == "t" && ++players_[player].sleeps >= sleeps_of_one_that_waits) {
            waiting[player] = true;
        }
    }
    // One that waits for one that waits; but who waits in a circle is about to get an error.
    for (std::size_t round = 0; round < count; ++round) {
        for (std::size_t i = 0; i < count; ++i) {
            for (const std::size_t blocker : waits_for[i]) {
                if (!players_[blocker].is_running || waiting[blocker]) waiting[i] = true;
            }
        }
    }
    return waiting;
}

}  // namespace baton::testing
