// Migration: how a reducer makes its first rows of those of a former version, so that a build need
// not begin at the first event of the log. A reducer that can do so has, beside what Registry asks:
//
//   using Former = first::MonthlySales;         the row of that version
//   static constexpr int former_version = 1;
//   static Row migrate(const Former& former);   pure; one former row gives one row, of another key
//                                               for another key
//
// It is right only where the former rows say all that the events up to there said for the new ones:
// what the former version did not keep cannot be had from it. An event that was skipped there stays
// skipped.
//
// Threads: one thread at a time.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/reducers/fold.hpp"
#include "baton/reducers/fold_of.hpp"

namespace baton {

class Migration {
public:
    Migration() = default;
    virtual ~Migration() = default;
    Migration(const Migration&) = delete;
    Migration& operator=(const Migration&) = delete;

    [[nodiscard]] virtual int former_version() const noexcept = 0;
    [[nodiscard]] virtual std::vector<std::string> former_columns() const = 0;
    /// A former row: its former_columns() as Postgres writes them, and its position. Throws Error:
    /// decode_failed, event_poisoned (a value left its range), and what the reducer throws.
    virtual void add(std::span<const std::optional<std::string_view>> row, Position position) = 0;
    /// The rows of those that were added since the last call, to be written.
    [[nodiscard]] virtual Changes take() = 0;
};

namespace reducers {

template <class R>
concept Migrates = requires(const typename R::Former& former) {
    {static_cast<int>(R::former_version)};
    { R::migrate(former) } -> std::same_as<typename R::Row>;
};

template <class R>
class MigrationOf final : public Migration {
    using Row = typename R::Row;
    using Former = typename R::Former;

public:
    [[nodiscard]] int former_version() const noexcept override { return R::former_version; }

    [[nodiscard]] std::vector<std::string> former_columns() const override {
        std::vector<std::string> names;
        types::for_each_field<Former>(
            [&](auto index) { names.emplace_back(types::field_names<Former>[index]); });
        return names;
    }

    void add(std::span<const std::optional<std::string_view>> row, Position position) override {
        Former former{};
        auto former_fields = types::fields_of(former);
        types::for_each_field<Former>(
            [&](auto index) { types::parse_column(row[index], std::get<index>(former_fields)); });
        const Row migrated = R::migrate(former);
        const auto fields = types::fields_of(migrated);
        types::for_each_field<Row>(
            [&](auto index) { types::add_column(columns_[index], std::get<index>(fields)); });
        types::add_value(positions_, static_cast<std::int64_t>(position));
    }

    [[nodiscard]] Changes take() override {
        Changes changes;
        changes.upsert_count = positions_.count();
        changes.columns = take_all(std::exchange(columns_, empty()));
        changes.positions = std::exchange(positions_, types::ArrayLiteral{}).take();
        return changes;
    }

private:
    static std::vector<types::ArrayLiteral> empty() {
        return std::vector<types::ArrayLiteral>(types::field_count<Row>);
    }

    std::vector<types::ArrayLiteral> columns_ = empty();
    types::ArrayLiteral positions_;
};

}  // namespace reducers
}  // namespace baton
