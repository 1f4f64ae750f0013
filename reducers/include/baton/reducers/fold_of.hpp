// FoldOf<R>: the Fold of one reducer class. Everything that knows the row and event types is
// here, so that the loop over the events is compiled for them.
//
// Threads: as Fold.
#pragma once

#include <concepts>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/reducers/effects.hpp"
#include "baton/reducers/fold.hpp"
#include "baton/reducers/rows.hpp"

namespace baton {

/// The events that a reducer understands: one overload of reduce() for each.
template <class... E>
struct EventTypes {
    static constexpr std::size_t count = sizeof...(E);
};

namespace reducers {

/// reduce(event, rows, envelope), const: it wants to know more of an event than its content.
template <class R, class E>
concept ReadsEnvelope = requires(const R& reducer, const E& content, Rows<typename R::Row>& rows,
                                 const Event& event) {
    reducer.reduce(content, rows, event);
};

/// The former, or reduce(event, rows), const.
template <class R, class E>
concept Reduces = ReadsEnvelope<R, E> ||
    requires(const R& reducer, const E& content, Rows<typename R::Row>& rows) {
    reducer.reduce(content, rows);
};

/// effects(event, rows, out), const: what is to follow from an event; it may take the envelope,
/// too.
template <class R, class E>
concept HasEffectsWithEnvelope = requires(const R& reducer, const E& content,
                                          const Rows<typename R::Row>& rows, Effects& out,
                                          const Event& event) {
    reducer.effects(content, rows, out, event);
};

template <class R, class E>
concept HasEffects = HasEffectsWithEnvelope<R, E> ||
    requires(const R& reducer, const E& content, const Rows<typename R::Row>& rows, Effects& out) {
    reducer.effects(content, rows, out);
};

/// Nothing, where the reducer lets nothing follow from such an event.
template <class R, class E>
void say_effects([[maybe_unused]] const R& reducer, [[maybe_unused]] const E& content,
                 [[maybe_unused]] const Rows<typename R::Row>& rows, [[maybe_unused]] Effects& out,
                 [[maybe_unused]] const Event& event) {
    if constexpr (HasEffects<R, E>) {
        if (!out.are_wanted(event.position)) return;
        out.begin_event(event);
        if constexpr (HasEffectsWithEnvelope<R, E>) {
            reducer.effects(content, rows, out, event);
        } else {
            reducer.effects(content, rows, out);
        }
    }
}

template <class R, class E>
void reduce_one(const R& reducer, const E& content, Rows<typename R::Row>& rows,
                const Event& event) {
    if constexpr (ReadsEnvelope<R, E>) {
        reducer.reduce(content, rows, event);
    } else {
        reducer.reduce(content, rows);
    }
}

template <RowType Row>
void add_key(std::vector<types::ArrayLiteral>& arrays, const RowKey<Row>& key) {
    std::size_t part = 0;
    std::apply([&](const auto&... value) { (types::add_column(arrays[part++], value), ...); }, key);
}

[[nodiscard]] std::vector<std::string> take_all(std::vector<types::ArrayLiteral> arrays);

/// What was touched since the last commit, as it is to be written.
template <RowType Row>
Changes changes_of(const RowCache<Row>& cache) {
    Changes changes;
    std::vector<types::ArrayLiteral> columns(types::field_count<Row>);
    std::vector<types::ArrayLiteral> deleted(key_count<Row>);
    types::ArrayLiteral positions;
    cache.for_each_change([&](const typename RowCache<Row>::Touch& touch) {
        if (touch.row != nullptr) {
            const auto fields = types::fields_of(*touch.row);
            types::for_each_field<Row>(
                [&](auto index) { types::add_column(columns[index], std::get<index>(fields)); });
            types::add_value(positions, static_cast<std::int64_t>(touch.position));
        } else if (touch.was_present) {
            add_key<Row>(deleted, *touch.key);
        }
    });
    changes.upsert_count = positions.count();
    changes.delete_count = deleted.front().count();
    changes.columns = take_all(std::move(columns));
    changes.positions = std::move(positions).take();
    changes.deleted_keys = take_all(std::move(deleted));
    return changes;
}

/// What one event does to an empty view, and what follows from it; nothing if the reducer refuses
/// it.
template <class R, class E>
std::optional<std::pair<Changes, std::vector<std::string>>> changes_by_one(const R& reducer,
                                                                           const E& content) {
    RowCache<typename R::Row> cache(true);
    Rows<typename R::Row> rows(cache);
    Effects effects;
    effects.run_after(Position{0});
    Event event;
    event.type = E::event_type;
    event.position = Position{1};
    cache.begin_event(event.position, 0);
    try {
        reduce_one(reducer, content, rows, event);
        say_effects(reducer, content, rows, effects, event);
        std::pair<Changes, std::vector<std::string>> made{changes_of(cache), {}};
        for (const Effect& effect : effects.said()) made.second.push_back(effect.json);
        return made;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (...) {
        return std::nullopt;
    }
}

template <class R>
class FoldOf final : public Fold {
    using Row = typename R::Row;

public:
    using Fold::fold;

    FoldOf(std::shared_ptr<const R> reducer, const EventCatalogue& catalogue, FoldOptions options)
        : reducer_(std::move(reducer)), options_(options), cache_(options.complete) {
        add_handlers(catalogue, typename R::Events{});
    }

    FoldResult fold(const DecodedBatch& batch, std::size_t first, std::size_t count) override {
        discard();
        FoldResult failure;
        try {
            for (std::size_t index = first; index < first + count; ++index) {
                if (fold_event(batch, index, failure)) continue;
                // After a miss the state is made up, so a failure says nothing; go on only to
                // learn what else is missing.
                if (!cache_.has_missing()) return poisoned(std::move(failure));
            }
        } catch (...) {
            discard();
            throw;
        }
        if (cache_.has_missing()) {
            effects_.discard();
            cache_.discard_for_loading();
            return {FoldState::needs_rows, 0, {}};
        }
        if (!rows_are_valid(failure)) return poisoned(std::move(failure));
        return {};
    }

    [[nodiscard]] std::vector<std::string> missing_keys() const override {
        std::vector<types::ArrayLiteral> arrays(key_count<Row>);
        for (std::size_t i = 0; i < cache_.missing_count(); ++i) {
            add_key<Row>(arrays, cache_.missing_key(i));
        }
        return take_all(std::move(arrays));
    }

    [[nodiscard]] std::size_t missing_count() const noexcept override {
        return cache_.missing_count();
    }

    void load(std::span<const std::optional<std::string_view>> row) override {
        if (row.size() != types::field_count<Row>) {
            throw Error(ErrorCode::decode_failed, "a row of " + std::to_string(row.size()) +
                                                      " columns where the view has " +
                                                      std::to_string(types::field_count<Row>));
        }
        Row typed{};
        auto fields = types::fields_of(typed);
        types::for_each_field<Row>([&](auto index) {
            try {
                types::parse_column(row[index], std::get<index>(fields));
            } catch (const Error& error) {
                throw Error(error.code(), "column \"" +
                                              std::string(types::field_names<Row>[index]) +
                                              "\": " + error.what());
            }
        });
        if (!cache_.load(std::move(typed))) {
            throw Error(ErrorCode::decode_failed, "a row was loaded that was not missing");
        }
    }

    void loaded() override { cache_.loaded(); }

    [[nodiscard]] Changes changes() const override { return changes_of(cache_); }

    [[nodiscard]] std::size_t changed_count() const noexcept override {
        return cache_.changed_count();
    }

    [[nodiscard]] Effects& effects() noexcept override { return effects_; }

    void discard() override {
        cache_.discard();
        effects_.discard();
    }
    void keep() override {
        cache_.keep();
        effects_.keep();
    }
    void commit() override {
        effects_.clear();
        cache_.commit(options_.complete ? std::numeric_limits<std::size_t>::max()
                                        : options_.cached_rows_max);
    }
    void rollback() override {
        cache_.clear();
        effects_.clear();
    }

    /// The rows as they are now.
    [[nodiscard]] const RowCache<Row>& cache() const noexcept { return cache_; }

private:
    using Reduce = void (*)(const R&, const EventColumn&, std::uint32_t slot, Rows<Row>&,
                            const Event&, Effects&);
    struct Handler {
        Reduce reduce = nullptr;  // null: this reducer does not use the type
        std::uint32_t column = 0;
    };

    template <class... E>
    void add_handlers(const EventCatalogue& catalogue, EventTypes<E...> /*types*/) {
        (add_handler<E>(catalogue.entry_of<E>()), ...);
    }

    template <class E>
    void add_handler(EventCatalogue::Entry entry) {
        if (handlers_.size() <= entry.type) handlers_.resize(entry.type + 1);
        handlers_[entry.type] = {[](const R& reducer, const EventColumn& column, std::uint32_t slot,
                                    Rows<Row>& rows, const Event& event, Effects& out) {
                                     if (const Error* error = column.error(slot)) {
                                         throw error_for(*error);
                                     }
                                     const auto& typed =
                                         static_cast<const EventColumnOf<E>&>(column);
                                     const E& content = typed.value(slot);
                                     reduce_one(reducer, content, rows, event);
                                     say_effects(reducer, content, rows, out, event);
                                 },
                                 entry.column};
    }

    // What this reducer says of an event that could not be decoded.
    static Error error_for(const Error& error) {
        if (error.code() != ErrorCode::event_version_unknown) return error;
        return {error.code(), std::string(error.what()) + ": promote a version of " +
                                  std::string(R::name) + " that knows it"};
    }

    // False, with `failure` filled, if the reducer threw.
    bool fold_event(const DecodedBatch& batch, std::size_t index, FoldResult& failure) {
        const Place& place = batch.place(index);
        if (place.type >= handlers_.size()) return true;
        const Handler& handler = handlers_[place.type];
        if (handler.reduce == nullptr) return true;

        const Event& event = batch.events()[index];
        cache_.begin_event(event.position, index);
        try {
            handler.reduce(*reducer_, batch.column(handler.column), place.slot, rows_, event,
                           effects_);
            return true;
        } catch (const std::bad_alloc&) {
            throw;
        } catch (const Error& error) {
            failure = {FoldState::poisoned, index, error.what(), error.code()};
        } catch (const std::exception& error) {
            failure = {FoldState::poisoned, index, error.what()};
        } catch (...) {
            failure = {FoldState::poisoned, index,
                       "the reducer threw something that is no std::exception"};
        }
        return false;
    }

    FoldResult poisoned(FoldResult failure) {
        discard();
        failure.message = storable_text(failure.message);
        return failure;
    }

    // A row that Postgres would refuse, or that is not where its key says, must not leave the fold:
    // it would stop the view without an event to blame.
    bool rows_are_valid(FoldResult& failure) const {
        for (std::size_t i = 0; i < cache_.touch_count(); ++i) {
            const auto touch = cache_.touch(i);
            if (touch.row == nullptr) continue;
            try {
                if (KeyTypes<Row>::view_of_row(*touch.row) !=
                    KeyTypes<Row>::view_of_key(*touch.key)) {
                    throw Error(
                        ErrorCode::event_poisoned,
                        "the reducer changed the key of a row; erase it and create another");
                }
                const auto fields = types::fields_of(*touch.row);
                types::for_each_field<Row>([&](auto index) {
                    check_column(types::field_names<Row>[index], std::get<index>(fields));
                });
            } catch (const Error& error) {
                failure = {FoldState::poisoned, touch.event_index, error.what()};
                return false;
            }
        }
        return true;
    }

    template <class T>
    static void check_column(std::string_view name, const T& value) {
        try {
            types::check_storable(value);
        } catch (const Error& error) {
            throw Error(error.code(),
                        "column \"" + std::string(name) + "\" of a row: " + error.what());
        }
    }

    std::shared_ptr<const R> reducer_;
    FoldOptions options_;
    RowCache<Row> cache_;
    Rows<Row> rows_{cache_};
    Effects effects_;
    std::vector<Handler> handlers_;  // by the number of the event type
};

}  // namespace reducers
}  // namespace baton
