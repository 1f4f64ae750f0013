#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "baton/base/check.hpp"
#include "baton/base/text.hpp"

namespace baton::bench {
namespace {

std::string number(double value) {
    std::array<char, 32> digits{};
    const int decimals = std::abs(value) < 10 ? 3 : std::abs(value) < 1000 ? 1 : 0;
    std::snprintf(digits.data(), digits.size(), "%.*f", decimals, value);
    return digits.data();
}

std::string number_or(const std::optional<double>& value, const char* otherwise) {
    return value ? number(*value) : otherwise;
}

std::string goal_text(const Figure& figure) {
    if (!figure.goal) return "";
    std::string text = figure.goal->at_least ? ">= " : "<= ";
    text += number(figure.goal->bound);
    if (figure.goal->of == Goal::Of::baton) text += " " + figure.unit;
    return text;
}

std::string line(const std::array<std::string, 8>& cells) {
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(), "%-18s %-42s %-9s %10s %10s %7s  %-20s %s",
                  cells[0].c_str(), cells[1].c_str(), cells[2].c_str(), cells[3].c_str(),
                  cells[4].c_str(), cells[5].c_str(), cells[6].c_str(), cells[7].c_str());
    return text.data();
}

}  // namespace

std::optional<double> Figure::ratio() const {
    if (!bare || *bare == 0) return std::nullopt;
    return baton / *bare;
}

std::optional<bool> Figure::holds() const {
    if (!goal) return std::nullopt;
    const std::optional<double> value =
        goal->of == Goal::Of::ratio ? ratio() : std::optional<double>(baton);
    if (!value) return false;
    return goal->at_least ? *value >= goal->bound : *value <= goal->bound;
}

std::string heading() {
    return line({"measure", "config", "unit", "baton", "bare", "ratio", "goal", "holds"});
}

std::string table_row(const Figure& figure) {
    const std::optional<bool> holds = figure.holds();
    return line({figure.measure, figure.config, figure.unit, number(figure.baton),
                 number_or(figure.bare, "-"), number_or(figure.ratio(), "-"), goal_text(figure),
                 !holds   ? ""
                 : *holds ? "yes"
                          : "NO"});
}

std::string json_line(const Figure& figure) {
    const std::optional<bool> holds = figure.holds();
    std::string json = "{\"measure\":" + json_quoted(figure.measure);
    json += ",\"config\":" + json_quoted(figure.config);
    json += ",\"unit\":" + json_quoted(figure.unit);
    json += ",\"baton\":" + number(figure.baton);
    json += ",\"bare\":" + number_or(figure.bare, "null");
    json += ",\"ratio\":" + number_or(figure.ratio(), "null");
    json += ",\"goal\":" + (figure.goal ? json_quoted(goal_text(figure)) : "null");
    json += std::string(",\"holds\":") + (!holds ? "null" : *holds ? "true" : "false");
    return json + "}";
}

double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

double percentile(std::vector<double> values, double part) {
    BATON_CHECK(!values.empty());
    std::ranges::sort(values);
    const double place = part * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - static_cast<double>(below));
}

}  // namespace baton::bench
