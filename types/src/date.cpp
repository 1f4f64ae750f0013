#include "baton/types/date.hpp"

#include <array>
#include <charconv>

#include "baton/base/error.hpp"

namespace baton {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;
constexpr std::int64_t days_min = -719'162;   // 0001-01-01
constexpr std::int64_t days_max = 2'932'896;  // 9999-12-31

// Takes `count` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> days_of(int year, unsigned month, unsigned day) {
    const std::chrono::year_month_day calendar{std::chrono::year{year}, std::chrono::month{month},
                                               std::chrono::day{day}};
    if (year < 1 || year > 9999 || !calendar.ok()) return std::nullopt;
    return std::chrono::sys_days{calendar}.time_since_epoch().count();
}

std::optional<std::int64_t> take_days(std::string_view& text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day) return std::nullopt;
    return days_of(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day));
}

// "10:00:00" or "10:00:00.123456", in microseconds since midnight.
std::optional<std::int64_t> take_time(std::string_view& text) {
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    std::int64_t micros =
        (std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60 + *second) * micros_per_second;
    if (!take(text, '.')) return micros;

    std::int64_t unit = micros_per_second;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        unit /= 10;
        const int digit = text[0] - '0';
        if (unit == 0 && digit != 0) return std::nullopt;
        micros += digit * unit;
        text.remove_prefix(1);
    }
    if (unit == micros_per_second) return std::nullopt;
    return micros;
}

// "Z", "+02", "+0230", "+02:30", "-00:25:21": what is to be subtracted to get UTC, in microseconds.
std::optional<std::int64_t> take_offset(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return 0;
    const bool is_negative = !text.empty() && text[0] == '-';
    if (!is_negative && (text.empty() || text[0] != '+')) return std::nullopt;
    text.remove_prefix(1);
    const auto hours = take_digits(text, 2);
    if (!hours || *hours > 15) return std::nullopt;
    int seconds = *hours * 3600;
    for (const int unit : {60, 1}) {
        if (text.empty()) break;
        take(text, ':');
        const auto part = take_digits(text, 2);
        if (!part || *part > 59) return std::nullopt;
        seconds += *part * unit;
    }
    return std::int64_t{is_negative ? -1 : 1} * seconds * micros_per_second;
}

std::int64_t floored_days(std::int64_t micros) {
    return micros / micros_per_day - (micros % micros_per_day < 0 ? 1 : 0);
}

void append_number(std::string& out, std::int64_t value, std::size_t width) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto length = static_cast<std::size_t>(end - digits.data());
    if (length < width) out.append(width - length, '0');
    out.append(digits.data(), length);
}

}  // namespace

Date::Date(int year, unsigned month, unsigned day) {
    const std::optional<std::int64_t> days = days_of(year, month, day);
    if (!days) throw Error(ErrorCode::decode_failed, "no such day in the years 1 to 9999");
    days_ = static_cast<std::int32_t>(*days);
}

std::optional<Date> Date::from_text(std::string_view text) noexcept {
    const std::optional<std::int64_t> days = take_days(text);
    if (!days || !text.empty()) return std::nullopt;
    Date date;
    date.days_ = static_cast<std::int32_t>(*days);
    return date;
}

Date Date::parse(std::string_view text) {
    const std::optional<Date> date = from_text(text);
    if (!date) throw Error(ErrorCode::decode_failed, "not a date; write YYYY-MM-DD");
    return *date;
}

Date Date::from_days(std::int64_t days) {
    if (days < days_min || days > days_max) {
        throw Error(ErrorCode::decode_failed, "a date outside of the years 1 to 9999");
    }
    Date date;
    date.days_ = static_cast<std::int32_t>(days);
    return date;
}

std::string Date::month() const {
    std::string out;
    const std::chrono::year_month_day day = calendar();
    append_number(out, static_cast<int>(day.year()), 4);
    out += '-';
    append_number(out, static_cast<unsigned>(day.month()), 2);
    return out;
}

std::string Date::text() const {
    std::string out;
    append_to(out);
    return out;
}

void Date::append_to(std::string& out) const {
    const std::chrono::year_month_day day = calendar();
    append_number(out, static_cast<int>(day.year()), 4);
    out += '-';
    append_number(out, static_cast<unsigned>(day.month()), 2);
    out += '-';
    append_number(out, static_cast<unsigned>(day.day()), 2);
}

Timestamp Timestamp::from_micros(std::int64_t micros) {
    const std::int64_t days = floored_days(micros);
    if (days < days_min || days > days_max) {
        throw Error(ErrorCode::decode_failed, "a timestamp outside of the years 1 to 9999");
    }
    Timestamp timestamp;
    timestamp.micros_ = micros;
    return timestamp;
}

std::optional<Timestamp> Timestamp::from_text(std::string_view text) noexcept {
    const auto days = take_days(text);
    if (!days || !(take(text, 'T') || take(text, ' ') || take(text, 't'))) return std::nullopt;
    const auto time = take_time(text);
    if (!time) return std::nullopt;
    const auto offset = take_offset(text);
    if (!offset || !text.empty()) return std::nullopt;
    Timestamp timestamp;
    timestamp.micros_ = *days * micros_per_day + *time - *offset;
    const std::int64_t utc_days = floored_days(timestamp.micros_);
    if (utc_days < days_min || utc_days > days_max) return std::nullopt;
    return timestamp;
}

Timestamp Timestamp::parse(std::string_view text) {
    const std::optional<Timestamp> timestamp = from_text(text);
    if (!timestamp) {
        throw Error(ErrorCode::decode_failed,
                    "not a timestamp; write ISO 8601 with an offset: 2017-03-09T10:00:00+00:00");
    }
    return *timestamp;
}

Date Timestamp::date() const { return Date::from_days(floored_days(micros_)); }

std::string Timestamp::text() const {
    std::string out;
    append_to(out);
    return out;
}

void Timestamp::append_to(std::string& out) const {
    date().append_to(out);
    const std::int64_t time = micros_ - floored_days(micros_) * micros_per_day;
    const std::int64_t seconds = time / micros_per_second;
    out += 'T';
    append_number(out, seconds / 3600, 2);
    out += ':';
    append_number(out, seconds / 60 % 60, 2);
    out += ':';
    append_number(out, seconds % 60, 2);
    if (const std::int64_t fraction = time % micros_per_second; fraction != 0) {
        out += '.';
        append_number(out, fraction, 6);
        while (out.back() == '0') out.pop_back();
    }
    out += "+00:00";
}

}  // namespace baton
