#include "dispatch_refusal.hpp"

#include <algorithm>
#include <charconv>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"

namespace baton::sql {
namespace {

constexpr std::string_view advice_for_size =
    "; store it elsewhere and dispatch a reference, or raise the limit";

// Where in the caller's list, if there is more than one, and what: "event 17 (order/placed): ".
std::string name_of_event(const NewEvent& event, std::optional<std::size_t> index) {
    std::string name = "event ";
    if (index) name += "[" + std::to_string(*index) + "] ";
    return name + storable_text(event.type, 128) + ": ";
}

// What makes `text` no text of Postgres, or "".
std::string fault_in(std::string_view text) {
    const std::string stored = storable_text(text, 3 * text.size());
    const auto [as_given, as_stored] = std::ranges::mismatch(text, stored);
    if (as_given == text.end()) return {};
    const std::string place = " at byte " + std::to_string(as_given - text.begin());
    if (*as_given == '\0') return "has a NUL byte" + place + "; send bytes as a body";
    return "is not UTF-8" + place + "; send bytes as a body";
}

std::optional<std::string> bad_text_in(const NewEvent& event, std::optional<std::size_t> index) {
    for (const auto& [name, text] : text_fields(event)) {
        if (!text) continue;
        if (const std::string fault = fault_in(*text); !fault.empty()) {
            return name_of_event(event, index) + std::string(name) + " " + fault;
        }
    }
    return std::nullopt;
}

// What the server says of its place: "COPY event, line 3, column payload: …" or "unnamed portal
// parameter $5". In another language only the column is known to us; then the field is left open.
struct Place {
    std::optional<std::size_t> index;
    std::string field;
};

std::optional<std::size_t> number_after(std::string_view text, std::string_view words) {
    const auto at = text.rfind(words);
    if (at == std::string_view::npos) return std::nullopt;
    std::size_t number = 0;
    const char* const first = text.data() + at + words.size();
    const auto [end, error] = std::from_chars(first, text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    return number;
}

Place place_in(std::string_view message, const NewEvent& first) {
    Place place;
    if (const auto line = number_after(message, "COPY event, line ")) {
        place.index = *line - 1;
        for (const std::string_view field : {"payload", "meta"}) {
            const std::string words = ", column " + std::string(field);
            if (message.rfind(words) != std::string_view::npos) place.field = field;
        }
    } else if (const auto parameter = number_after(message, "parameter $")) {
        const bool is_payload = *parameter == 2 && !has_body(first);
        place.field = is_payload ? "payload" : "meta";
    }
    if (place.field.empty()) place.field = first.meta ? "payload or meta" : "payload";
    return place;
}

std::int64_t limit_of(const EventLimits& limits, std::string_view field) {
    if (field == "type") return limits.type;
    if (field == "key") return limits.key;
    if (field == "tenant") return limits.tenant;
    if (field == "content_type") return limits.content_type;
    if (field == "meta") return limits.meta;
    return limits.payload;
}

// The setting of set_limit() that bounds a field.
std::string limit_name_of(std::string_view field) {
    return std::string(field == "body" ? "payload" : field) + "_bytes";
}

bool is_json_refusal(std::string_view sqlstate) {
    // Invalid JSON, \u0000, a number that numeric cannot hold, too deep, too long for jsonb.
    return sqlstate.starts_with("22") || sqlstate == "54001" || sqlstate == "54000";
}

// The columns' domains cannot know the event: "event key has 300 bytes" gets its name here.
[[noreturn]] void throw_named(const SqlError& error, const std::string& name) {
    constexpr std::string_view unnamed = "event ";
    const std::string_view text = error.what();
    if (!text.starts_with(unnamed)) throw error;
    throw SqlError(error.code(), name + std::string(text.substr(unnamed.size())), error.sqlstate());
}

[[noreturn]] void throw_refused(const SqlError& error, std::string_view full_message,
                                std::span<const NewEvent> events,
                                std::optional<std::size_t> first_index) {
    const Place place = place_in(full_message, events.front());
    const std::size_t at = place.index.value_or(0);
    const auto index_of = [&](std::size_t i) {
        return first_index ? std::optional(*first_index + i) : std::nullopt;
    };
    const std::string name =
        at < events.size() ? name_of_event(events[at], place.index ? index_of(at) : std::nullopt)
                           : std::string("event: ");

    if (error.code() == ErrorCode::event_too_large || error.code() == ErrorCode::event_invalid ||
        error.code() == ErrorCode::event_type_unknown) {
        throw_named(error, name);
    }
    if (error.sqlstate() == "42883" || error.sqlstate() == "42P01") {
        throw SqlError(
            ErrorCode::not_installed,
            "the search_path leads to no environment, or to one of an earlier version (" +
                std::string(error.what()) +
                "); set it to the application's schema and the environment's, or use "
                "`baton environment upgrade`",
            error.sqlstate());
    }
    // A statement does not see partitions that are added while it runs: add_event_partitions.sql.
    if (error.sqlstate() == "23514" && full_message.find("event_default") != full_message.npos) {
        throw SqlError(ErrorCode::transaction_retry,
                       "the log got a partition while so many events were written; nothing was "
                       "written: do it again",
                       error.sqlstate());
    }
    if (error.code() != ErrorCode::statement_failed || !is_json_refusal(error.sqlstate())) {
        throw error;
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (const auto fault = bad_text_in(events[i], index_of(i))) {
            throw SqlError(ErrorCode::event_invalid, *fault, error.sqlstate());
        }
    }
    throw SqlError(ErrorCode::event_invalid,
                   name + place.field + " is no JSON that Postgres can store: " + error.what(),
                   error.sqlstate());
}

}  // namespace

// A server that takes our UTF-8 for something else would store other letters, and say nothing. Who
// made the connection, or PGCLIENTENCODING, says what it takes it for; libpq knows without asking.
void require_utf8(const pqxx::connection_base& connection) {
    const std::string encoding = connection.get_client_encoding();
    if (encoding == "UTF8" || encoding == "SQL_ASCII") return;
    throw Error(ErrorCode::settings_invalid,
                "the session's client_encoding is " + encoding +
                    ", and events are UTF-8; put client_encoding=UTF8 into the connection string");
}

std::array<TextField, 6> text_fields(const NewEvent& event) {
    const auto given = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
    };
    return {{{"type", event.type},
             {"key", event.key},
             {"tenant", event.tenant},
             {"payload", given(event.payload)},
             {"content_type", given(event.content_type)},
             {"meta", event.meta}}};
}

void require_sendable(const NewEvent& event) {
    if (has_body(event) && !event.payload.empty()) {
        throw Error(ErrorCode::event_invalid,
                    name_of_event(event, std::nullopt) +
                        "it has a payload and a body; an event is JSON or bytes, not both");
    }
    for (const auto& field : text_fields(event)) {
        if (!field.text || field.text->find('\0') == std::string_view::npos) continue;
        throw Error(ErrorCode::event_invalid, *bad_text_in(event, std::nullopt));
    }
}

void require_within(const EventLimits& limits, const NewEvent& event, std::size_t index) {
    require_sendable(event);
    const auto require = [&](std::string_view name, std::size_t bytes, bool may_be_empty) {
        if (bytes == 0 && !may_be_empty) {
            throw Error(ErrorCode::event_invalid,
                        name_of_event(event, index) + std::string(name) + " is empty");
        }
        const std::int64_t bytes_max = limit_of(limits, name);
        if (static_cast<std::int64_t>(bytes) <= bytes_max) return;
        throw Error(ErrorCode::event_too_large,
                    name_of_event(event, index) + std::string(name) + " has " +
                        std::to_string(bytes) + " bytes, the limit " + limit_name_of(name) +
                        " is " + std::to_string(bytes_max) + std::string(advice_for_size));
    };
    require("type", event.type.size(), false);
    if (event.key) require("key", event.key->size(), false);
    if (event.tenant) require("tenant", event.tenant->size(), false);
    require("content_type", event.content_type.size(), true);
    require("body", event.body.size(), true);
}

void rethrow_refused(const pqxx::connection_base& connection, std::span<const NewEvent> events,
                     std::optional<std::size_t> first_index) {
    std::string full_message;
    try {
        try {
            throw;
        } catch (const std::exception& exception) {
            full_message = exception.what();
            rethrow_translated(&connection);
        }
    } catch (const SqlError& error) {
        throw_refused(error, full_message, events, first_index);
    }
}

}  // namespace baton::sql
