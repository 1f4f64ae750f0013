#include "libpq.hpp"

#include <poll.h>

#include <charconv>
#include <vector>

#include "baton/base/error.hpp"

namespace baton::bench {

std::string_view Answer::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Answer::integer(int row, int column) const {
    const std::string_view digits = text(row, column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

Session::Session(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        throw Error(ErrorCode::connection_lost, PQerrorMessage(connection_.get()));
    }
}

void Session::fail() const {
    throw Error(ErrorCode::statement_failed, PQerrorMessage(connection_.get()));
}

Answer Session::checked(PGresult* result) {
    Answer answer(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) fail();
    return answer;
}

Answer Session::exec(const std::string& statements) {
    return checked(PQexec(connection_.get(), statements.c_str()));
}

void Session::prepare(const std::string& name, const std::string& statement) {
    static_cast<void>(
        checked(PQprepare(connection_.get(), name.c_str(), statement.c_str(), 0, nullptr)));
}

Answer Session::run(const std::string& name, std::span<const std::string> parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    return checked(PQexecPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                                  values.data(), nullptr, nullptr, 0));
}

void Session::copy(const std::string& statement,
                   const std::function<bool(std::string& buffer)>& fill) {
    static_cast<void>(exec(statement));
    std::string buffer;
    while (fill(buffer)) {
        if (PQputCopyData(connection_.get(), buffer.data(), static_cast<int>(buffer.size())) != 1) {
            fail();
        }
        buffer.clear();
    }
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) fail();
    static_cast<void>(checked(PQgetResult(connection_.get())));
    while (PGresult* const rest = PQgetResult(connection_.get())) PQclear(rest);
}

bool Session::wait_for_notification(std::chrono::milliseconds timeout) {
    for (;;) {
        if (PGnotify* const notification = PQnotifies(connection_.get())) {
            PQfreemem(notification);
            return true;
        }
        pollfd entry{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
        if (::poll(&entry, 1, static_cast<int>(timeout.count())) <= 0) return false;
        if (PQconsumeInput(connection_.get()) != 1) fail();
    }
}

}  // namespace baton::bench
