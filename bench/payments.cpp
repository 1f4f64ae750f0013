#include "payments.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "baton/sql/connection.hpp"
#include "baton/sql/dispatch.hpp"

namespace baton::bench {

namespace {
constexpr std::int64_t accounts = 1000;
constexpr std::int64_t transaction_events = 10'000;
}  // namespace

std::string payment_json(std::int64_t number) {
    const std::int64_t scattered = number * 7919 % 1'000'003;
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(),
                  R"({"payment": "payment-%010lld", "account": %lld, "amount": %lld, )"
                  R"("currency": "EUR", "method": "transfer", "channel": "web", )"
                  R"("reference": "invoice %06lld", "made_at": "2026-01-31T10:20:30Z"})",
                  static_cast<long long>(number), static_cast<long long>(scattered % accounts),
                  static_cast<long long>(scattered % 9973), static_cast<long long>(scattered));
    return text.data();
}

std::vector<NewEvent> some_payments() {
    std::vector<NewEvent> events(transaction_events);
    for (std::size_t i = 0; i < events.size(); ++i) {
        events[i].type = PaymentMade::event_type;
        events[i].payload = payment_json(static_cast<std::int64_t>(i));
    }
    return events;
}

void dispatch_payments(const Database& database, std::int64_t count) {
    const std::vector<NewEvent> events = some_payments();
    sql::ConnectOptions options;
    options.schema = schema;
    sql::Connection connection(database.url(), options);
    for (std::int64_t done = 0; done < count; done += transaction_events) {
        sql::Transaction transaction(connection);
        dispatch_many(transaction.raw(), events);
        transaction.commit();
    }
}

void append_copy_rows(std::string& buffer, const std::vector<NewEvent>& events) {
    for (const NewEvent& event : events) {
        buffer += event.type;
        buffer += '\t';
        std::string_view rest = event.payload;
        for (;;) {
            const std::size_t special = rest.find_first_of("\\\t\n\r");
            buffer += rest.substr(0, special);
            if (special == std::string_view::npos) break;
            // A backslash before the byte itself means the byte, also for a line's end.
            buffer += '\\';
            buffer += rest[special];
            rest.remove_prefix(special + 1);
        }
        buffer += '\n';
    }
}

void copy_payments(Session& session, std::int64_t count) {
    const std::vector<NewEvent> events = some_payments();
    for (std::int64_t done = 0; done < count; done += transaction_events) {
        bool more = true;
        session.copy("copy public.bare_event (type, payload) from stdin", [&](std::string& buffer) {
            if (more) append_copy_rows(buffer, events);
            return std::exchange(more, false);
        });
    }
}

}  // namespace baton::bench
