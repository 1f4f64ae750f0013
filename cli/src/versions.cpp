#include "versions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "baton/base/error.hpp"

namespace baton::cli {
namespace {

constexpr std::chrono::milliseconds look_interval{500};
// After a switch the former leader takes a moment to go on with what it led.
constexpr std::chrono::seconds handover_max{2};

// "2026-11-22T13:05:42.123456+00:00" without what nobody reads.
std::string moment_text(std::string_view stamp) {
    constexpr std::size_t date_end = 10;
    constexpr std::size_t seconds_end = 19;
    if (stamp.size() < seconds_end) return std::string(stamp);
    const std::size_t zone = std::min(stamp.find_first_of("+-", seconds_end), stamp.size());
    return std::string(stamp.substr(0, date_end)) + " " +
           std::string(stamp.substr(date_end + 1, seconds_end - date_end - 1)) +
           std::string(stamp.substr(zone));
}

std::string versioned(const JsonValue& object, std::string_view key) {
    return object[key].text().value_or("") + "@" + object["version"].text().value_or("");
}

// What a live view does not have, or only a build in progress.
std::vector<std::optional<std::string>> cells_of_view(const JsonValue& view) {
    std::optional<std::string> left;
    if (const auto seconds = view["seconds_left"].number()) left = duration_text(*seconds);
    std::optional<std::string> rate;
    if (view["state"].text() == "building") rate = view["events_per_second"].text();
    return {versioned(view, "view"),
            view["state"].text(),
            view["position"].text(),
            view["lag_events"].text(),
            rate,
            left,
            view["node"].text(),
            view["reason"].text()};
}

}  // namespace

std::string duration_text(double seconds) {
    constexpr double minute = 60;
    constexpr double hour = 3600;
    const auto whole = [](double value) {
        return std::to_string(static_cast<std::int64_t>(std::ceil(value)));
    };
    if (seconds < 2 * minute) return whole(seconds) + " s";
    if (seconds < 2 * hour) return whole(seconds / minute) + " min";
    return whole(seconds / hour) + " h";
}

Table versions_table(const JsonValue& versions) {
    const std::vector<std::string> headings{"set",      "version", "state",    "since",
                                            "view",     "view is", "position", "lag",
                                            "events/s", "left",    "kept by",  "reason"};
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const JsonValue& set : versions.items()) {
        std::vector<std::optional<std::string>> of_set{
            set["view_set"].text(), set["version"].text(), set["state"].text(),
            moment_text(set["since"].text().value_or(""))};
        for (const JsonValue& view : set["views"].items()) {
            auto& row = rows.emplace_back(of_set);
            for (auto& each : cells_of_view(view)) row.push_back(std::move(each));
            of_set.assign(of_set.size(), std::nullopt);
        }
    }
    std::vector<std::size_t> shown;
    std::vector<std::string> shown_headings;
    for (std::size_t column = 0; column < headings.size(); ++column) {
        if (!std::ranges::any_of(rows, [&](const auto& row) { return row[column].has_value(); })) {
            continue;
        }
        shown.push_back(column);
        shown_headings.push_back(headings[column]);
    }
    Table table(shown_headings);
    for (const auto& row : rows) {
        std::vector<std::optional<std::string>> cells;
        for (const std::size_t column : shown) cells.push_back(row[column]);
        table.add(cells);
    }
    return table;
}

std::string names_text(const JsonValue& names) {
    constexpr std::size_t shown_max = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(shown_max, names.items().size()); ++i) {
        text += (i == 0 ? "" : ", ") + names.items()[i].text().value_or("");
    }
    if (names.items().size() > shown_max) {
        text += " and " + std::to_string(names.items().size() - shown_max) + " more";
    }
    return text;
}

Table handlers_table(const JsonValue& versions) {
    constexpr std::size_t build_width = 12;
    const bool has_sets = std::ranges::any_of(versions.items(), [](const JsonValue& version) {
        return !version["in_sets"].items().empty();
    });
    std::vector<std::string> headings{"handler", "version", "state", "since", "build"};
    if (has_sets) headings.emplace_back("in set");
    headings.emplace_back("carried by");
    Table table(headings);
    for (const JsonValue& version : versions.items()) {
        if (version["handler"].is_null()) continue;
        std::string state = version["state"].text().value_or("");
        if (const auto sets = version["open_sets"].integer().value_or(0); sets > 0) {
            state += ", " + std::to_string(sets) + (sets == 1 ? " set open" : " sets open");
        }
        std::vector<std::optional<std::string>> cells{
            version["handler"].text(), version["version"].text(), state,
            moment_text(version["since"].text().value_or("")),
            shortened(version["build"].text().value_or(""), build_width)};
        if (has_sets) cells.emplace_back(names_text(version["in_sets"]));
        cells.emplace_back(names_text(version["nodes"]));
        table.add(cells);
    }
    return table;
}

std::vector<BuildWatch::Build> BuildWatch::unfinished(const JsonValue& versions) const {
    std::vector<Build> builds;
    for (const JsonValue& set : versions.items()) {
        const bool is_meant =
            sets_.empty() ? set["state"].text() == "building"
                          : std::ranges::find(sets_, versioned(set, "view_set")) != sets_.end();
        if (!is_meant) continue;
        for (const JsonValue& view : set["views"].items()) {
            const std::string state = view["state"].text().value_or("");
            constexpr std::array<std::string_view, 3> waited_for{"building", "unkept", "halted"};
            if (std::ranges::find(waited_for, state) == waited_for.end()) continue;
            // A live view of the set that is halted is no build; promote() says what it means.
            if (set["state"].text() == "live") continue;
            builds.push_back({versioned(view, "view"), state, view["reason"].text().value_or(""),
                              static_cast<std::int64_t>(view["position"].number().value_or(0)),
                              static_cast<std::int64_t>(view["lag_events"].number().value_or(0)),
                              view["events_per_second"].number(), view["seconds_left"].number()});
        }
    }
    std::ranges::sort(builds, std::ranges::greater(), &Build::lag);
    return builds;
}

bool BuildWatch::look(sql::Connection& connection) {
    if (looked_ && Clock::now() - *looked_ < look_interval) return is_unfinished_;
    sql::Transaction transaction(connection);
    const std::string json(transaction.exec("select versions()", {}).only().text(0));
    looked_ = Clock::now();
    const std::vector<Build> builds = unfinished(JsonValue::parse(json));
    for (const Build& build : builds) {
        if (build.state != "halted") continue;
        throw Error(ErrorCode::view_halted, "the build of " + build.name +
                                                " is halted at position " +
                                                std::to_string(build.position) + ": " +
                                                build.reason + "; see `baton dead list`");
    }
    is_unfinished_ = !builds.empty();
    if (is_unfinished_) show(builds);
    return is_unfinished_;
}

void BuildWatch::show(const std::vector<Build>& builds) {
    const Build& build = builds.front();
    const std::int64_t head = build.position + build.lag;
    std::string line = build.name + ": ";
    std::string state = build.name + ": ";
    if (build.state != "unkept") unkept_since_.reset();
    if (build.state == "unkept") {
        if (!unkept_since_) unkept_since_ = Clock::now();
        if (Clock::now() - *unkept_since_ < handover_max) return;
        state += build.reason.empty() ? "no process that carries it runs; start one" : build.reason;
        line = state;
    } else {
        state += "being built";
        line += std::to_string(build.position) + " of " + std::to_string(head) + " events";
        if (build.rate) {
            line += ", " + std::to_string(static_cast<std::int64_t>(*build.rate)) + "/s";
        }
        if (build.seconds_left) line += ", " + duration_text(*build.seconds_left) + " left";
    }
    if (builds.size() > 1) line += "; and " + std::to_string(builds.size() - 1) + " more";
    if (bar_.is_shown()) {
        const double part =
            head == 0 ? 1 : static_cast<double>(build.position) / static_cast<double>(head);
        bar_.show(build.state == "unkept" ? std::nullopt : std::optional(part), line);
    } else if (std::exchange(said_, state) != state) {
        std::fprintf(stderr, "%s\n", advice(state).c_str());
    }
}

}  // namespace baton::cli
