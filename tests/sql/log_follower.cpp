#include "log_follower.hpp"

#include <algorithm>
#include <ostream>
#include <span>
#include <stdexcept>

#include "baton/sql/recorded_reader.hpp"
#include "baton/sql/view_store.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

Epoch lead_or_throw(Connection& connection) {
    // The session of a follower before this one takes a moment to go.
    std::optional<Epoch> epoch;
    const bool leads = testing::eventually(std::chrono::seconds(10), [&] {
        epoch =
            lead(connection, {"test", {}, {}, std::chrono::minutes(5), testing::test_credentials()})
                .epoch;
        return epoch.has_value();
    });
    if (!leads) throw std::logic_error("somebody else leads");
    return *epoch;
}

// As Postgres writes an array.
std::string ids_of(const LogPage& page) {
    std::string ids;
    for (const Event& event : page.events) {
        ids += (ids.empty() ? "{" : ",") + std::to_string(static_cast<std::int64_t>(event.id));
    }
    return ids + "}";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const LoggedEvent& event) {
    return out << event.position << ": id " << event.id << ' ' << event.type << ' ' << event.key
               << ' ' << event.payload;
}

std::vector<LoggedEvent> events_of(const LogPage& page) {
    std::vector<LoggedEvent> events;
    for (const Event& event : page.events) {
        events.push_back({static_cast<std::int64_t>(event.position),
                          static_cast<std::int64_t>(event.id), std::string(event.type),
                          std::string(event.key.value_or("")), std::string(event.payload)});
    }
    return events;
}

LogFollower::LogFollower(const std::string& url)
    : reading_(url, testing::in_test_schema("reading")),
      writing_(url, testing::in_test_schema("writing")),
      epoch_(lead_or_throw(writing_)) {}

LogReader LogFollower::reader() { return {reading_, read_checkpoint(reading_), Content::whole}; }

void LogFollower::record(const LogPage& page) {
    Transaction transaction(writing_);
    enter_slice(transaction, page, 0, page.events.size());
    if (transaction.exec("select array_agg(id order by position) from batch_event")
            .only()
            .text(0) != ids_of(page)) {
        throw std::logic_error("a SQL reducer is shown other events than the log has");
    }
    record_batch(transaction, epoch_, page, std::chrono::microseconds(1));
    transaction.commit();
}

std::vector<LoggedEvent> LogFollower::drain(std::size_t limit) {
    std::vector<LoggedEvent> all;
    LogReader from_checkpoint = reader();
    LogPage page;
    while (from_checkpoint.next(limit, page)) {
        record(page);
        const std::vector<LoggedEvent> events = events_of(page);
        all.insert(all.end(), events.begin(), events.end());
    }
    return all;
}

std::vector<LoggedEvent> LogFollower::take(std::size_t limit) {
    LogPage page;
    if (!reader().next(limit, page)) return {};
    record(page);
    return events_of(page);
}

namespace {

// The log once more, from its middle on too, by the reader that is faster.
void expect_same(Connection& connection, std::size_t limit, std::span<const LoggedEvent> all) {
    for (const std::size_t from : {std::size_t{0}, all.size() / 2}) {
        RecordedReader reader(connection, Position{static_cast<std::int64_t>(from)},
                              Content::whole);
        LogPage page;
        std::size_t next = from;
        while (reader.next(limit, page)) {
            const std::vector<LoggedEvent> events = events_of(page);
            if (events.size() > limit || events.size() > all.size() - next ||
                !std::ranges::equal(events, all.subspan(next, events.size()))) {
                throw std::logic_error("two readers of the log differ after position " +
                                       std::to_string(next));
            }
            next += events.size();
        }
        if (next != all.size()) throw std::logic_error("one reader of the log ends early");
    }
}

}  // namespace

std::vector<LoggedEvent> whole_log(Connection& connection, std::size_t limit) {
    std::vector<LoggedEvent> all;
    LogPage page;
    while (
        read_recorded(connection, Position{static_cast<std::int64_t>(all.size())}, limit, page)) {
        const std::vector<LoggedEvent> events = events_of(page);
        all.insert(all.end(), events.begin(), events.end());
    }
    expect_same(connection, limit, all);
    expect_same(connection, std::max<std::size_t>(all.size() / 20, 3), all);
    return all;
}

std::vector<std::string> payloads(const std::vector<LoggedEvent>& events) {
    std::vector<std::string> all;
    for (const LoggedEvent& event : events) all.push_back(event.payload);
    return all;
}

std::int64_t dispatch_number(Connection& connection, std::int64_t number, const std::string& key) {
    const std::string n = std::to_string(number);
    const Result rows = connection.exec("select dispatch('number', jsonb_build_object('n', " + n +
                                        "), '" + key + "')");
    return rows.only().integer(0);
}

void replace_in_function(Connection& connection, const std::string& function,
                         const std::string& from, const std::string& to) {
    const Result rows =
        connection.exec("select pg_get_functiondef(to_regproc('" + function + "'))");
    std::string text(rows.only().text(0));
    const std::size_t at = text.find(from);
    if (at == std::string::npos) {
        throw std::logic_error(function + " has no \"" + from + "\" any more");
    }
    text.replace(at, from.size(), to);
    connection.exec(text);
}

}  // namespace baton::sql
