// A thin session over libpq: what a person who uses Postgres without Baton would write. The bare
// side of every comparison runs on it, and so does what the benchmark asks for itself.
//
// Threads: a Session belongs to one at a time.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace baton::bench {

/// What the server answered. Texts live as long as the Answer.
class Answer {
public:
    explicit Answer(PGresult* result) : result_(result, &PQclear) {}

    [[nodiscard]] int rows() const { return PQntuples(result_.get()); }
    [[nodiscard]] std::string_view text(int row, int column) const;
    [[nodiscard]] std::int64_t integer(int row, int column) const;

private:
    std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

class Session {
public:
    /// Connects. Throws Error(connection_lost).
    explicit Session(const std::string& url);

    /// Runs plain SQL. Throws Error(statement_failed), as everything below does.
    Answer exec(const std::string& statements);
    void prepare(const std::string& name, const std::string& statement);
    Answer run(const std::string& name, std::span<const std::string> parameters = {});
    /// COPY … FROM STDIN: `fill` puts the next piece of the rows into the empty buffer, and returns
    /// false when there is none.
    void copy(const std::string& statement, const std::function<bool(std::string& buffer)>& fill);
    /// Waits for one notification; false when none came in time.
    [[nodiscard]] bool wait_for_notification(std::chrono::milliseconds timeout);

private:
    Answer checked(PGresult* result);
    [[noreturn]] void fail() const;

    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

}  // namespace baton::bench
