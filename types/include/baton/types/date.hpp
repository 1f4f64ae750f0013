// Date and Timestamp: a calendar day, and a moment in UTC to the microsecond.
//
// They are Postgres' `date` and `timestamptz`, within the years 1 to 9999. There is no now():
// a reducer has no clock; time comes with the event (Event::dispatched_at, or a field).
//
// Threads: values only.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace baton {

/// A calendar day of the years 1 to 9999.
class Date {
public:
    /// 1970-01-01.
    constexpr Date() = default;
    /// Throws Error(decode_failed) when there is no such day.
    Date(int year, unsigned month, unsigned day);

    /// The day written "2017-03-09"; nothing if it is not such a text.
    [[nodiscard]] static std::optional<Date> from_text(std::string_view text) noexcept;
    /// As from_text(); throws Error(decode_failed) instead.
    [[nodiscard]] static Date parse(std::string_view text);
    /// From days since 1970-01-01; throws Error(decode_failed) outside of the years 1 to 9999.
    [[nodiscard]] static Date from_days(std::int64_t days);

    [[nodiscard]] constexpr std::int32_t days_since_epoch() const noexcept { return days_; }
    [[nodiscard]] std::chrono::year_month_day calendar() const noexcept {
        return std::chrono::sys_days{std::chrono::days{days_}};
    }
    [[nodiscard]] int year() const noexcept { return static_cast<int>(calendar().year()); }

    /// "2017-03": the key of a row per month.
    [[nodiscard]] std::string month() const;
    /// "2017-03-09".
    [[nodiscard]] std::string text() const;
    /// Appends text() to `out`.
    void append_to(std::string& out) const;

    /// The day `count` days later (earlier if negative). Throws outside of the years 1 to 9999.
    [[nodiscard]] Date plus_days(std::int64_t count) const {
        std::int64_t days = 0;
        if (__builtin_add_overflow(std::int64_t{days_}, count, &days)) days = count;
        return from_days(days);
    }

    friend constexpr auto operator<=>(const Date&, const Date&) = default;

private:
    std::int32_t days_ = 0;
};

/// A moment: microseconds since 1970-01-01 00:00 UTC, within the years 1 to 9999.
class Timestamp {
public:
    /// 1970-01-01 00:00 UTC.
    constexpr Timestamp() = default;

    /// From microseconds since 1970 in UTC; throws Error(decode_failed) outside of the years 1 to
    /// 9999.
    [[nodiscard]] static Timestamp from_micros(std::int64_t micros);

    /// The moment written in ISO 8601 with an offset: "2017-03-09T10:00:00.5+02:00", "… 10:00:00Z",
    /// or as Postgres prints it with DateStyle ISO. Nothing without an offset, and nothing
    /// for a finer fraction than microseconds: it is not ours to guess or to round.
    [[nodiscard]] static std::optional<Timestamp> from_text(std::string_view text) noexcept;
    /// As from_text(); throws Error(decode_failed) instead.
    [[nodiscard]] static Timestamp parse(std::string_view text);

    [[nodiscard]] constexpr std::int64_t micros_since_epoch() const noexcept { return micros_; }

    /// The day in UTC.
    [[nodiscard]] Date date() const;
    /// "2017-03-09T08:00:00.5+00:00": in UTC, no trailing zeros in the fraction.
    [[nodiscard]] std::string text() const;
    /// Appends text() to `out`.
    void append_to(std::string& out) const;

    friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;

private:
    std::int64_t micros_ = 0;
};

}  // namespace baton

template <>
struct std::hash<baton::Date> {
    std::size_t operator()(baton::Date value) const noexcept {
        return std::hash<std::int32_t>{}(value.days_since_epoch());
    }
};
template <>
struct std::hash<baton::Timestamp> {
    std::size_t operator()(baton::Timestamp value) const noexcept {
        return std::hash<std::int64_t>{}(value.micros_since_epoch());
    }
};
