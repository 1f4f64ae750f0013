// Registry: the reducers of a program; where their C++ types end and the orchestrator begins.
//
//   baton::Registry registry;
//   registry.add<MonthlySalesReducer>();
//   …
//   registry.decode(events, batch);            // on the reading thread
//   auto fold = registry.start_fold(0);        // on the folding thread; see fold.hpp
//
// add() probes each reducer, so that what would go wrong at three in the morning is refused at
// start.
//
// Threads: add() while no other thread uses it; everything else is const and may be called from
// any thread. Folds and batches do not refer to the registry.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/reducers/batch.hpp"
#include "baton/reducers/check_reducer.hpp"
#include "baton/reducers/fold.hpp"
#include "baton/reducers/fold_of.hpp"
#include "baton/reducers/migration.hpp"

namespace baton {

/// What a reducer class must have (check_reducer.hpp says what is missing):
///   using Row = …;                                     a struct with BATON_FIELDS and BATON_KEY
///   static constexpr std::string_view name = "…";      also the view's name
///   static constexpr int version = 1;                  raised with each change of behaviour
///   using Events = baton::EventTypes<…>;
///   void reduce(const E&, baton::Rows<Row>&[, const baton::Event&]) const;   for each E of Events
/// and may have:
///   void effects(const E&, const baton::Rows<Row>&, baton::Effects&[, const baton::Event&]) const;
///                                                      what follows from such an event, beside the
///                                                      rows: effects.hpp
///   static constexpr std::string_view sources = …;     a digest of the files that it is made of,
///                                                      which CMake's baton_reducer_sources()
///                                                      takes. The build is a digest of this and of
///                                                      the shape (columns, events with their
///                                                      schema versions, fields); so without it a
///                                                      change inside reduce() goes unnoticed,
///                                                      except in development
///   static constexpr std::string_view build = "…";     says which code it is, instead of a digest
///   using Former = …; former_version; migrate()        how to begin with the rows of a former
///                                                      version, see migration.hpp
/// It must be pure: the same events give the same rows. It has no clock, no randomness, no I/O, and
/// keeps no state; it may be called again with the same events, and with made-up rows whose results
/// are discarded.
class Registry {
public:
    /// Adds a reducer, after probing it. Throws Error(reducer_invalid) when its name, version,
    /// columns or event types are not valid, when (name, version) is there already, or when
    /// folding the same event twice gave different rows.
    template <class R>
    void add(R reducer = {}) {
        if constexpr (reducers::check_reducer<R>()) add_sound(std::move(reducer));
    }

    /// Says that there are events of this type, though no reducer here reads them; see
    /// App::declare().
    template <class E>
    void declare() {
        declared_types_.emplace_back(E::event_type);
    }
    [[nodiscard]] const std::vector<std::string>& declared_types() const noexcept {
        return declared_types_;
    }

    /// In the order in which they were added.
    [[nodiscard]] std::span<const ReducerInfo> reducers() const noexcept { return infos_; }
    /// Whether some reducer looks at more of an event than its type and content.
    [[nodiscard]] bool reads_envelope() const {
        return std::ranges::any_of(infos_, &ReducerInfo::reads_envelope);
    }
    /// The types of all events that some reducer uses.
    [[nodiscard]] std::vector<std::string> event_types() const { return catalogue_.types(); }

    /// Decodes `events` into `batch`, whose memory is used again. Never throws for what is in an
    /// event. The array behind `events` and the texts that it refers to must outlive the use of
    /// `batch`. All reducers must have been added before.
    void decode(std::span<const Event> events, DecodedBatch& batch) const;
    [[nodiscard]] DecodedBatch decode(std::span<const Event> events) const;

    /// A new fold for reducers()[index], with an empty cache.
    [[nodiscard]] std::unique_ptr<Fold> start_fold(std::size_t index,
                                                   const FoldOptions& options = {}) const;

    /// How reducers()[index] begins with the rows of a former version; null if it cannot.
    [[nodiscard]] std::unique_ptr<Migration> start_migration(std::size_t index) const {
        return migrations_[index] ? migrations_[index]() : nullptr;
    }

private:
    template <class R>
    void add_sound(R reducer) {
        typename R::Events types;
        ReducerInfo info = info_of<R>(types);
        check(info);
        probe(reducer, info, types);
        number(types);
        auto shared = std::make_shared<const R>(std::move(reducer));
        starts_.push_back([shared](const reducers::EventCatalogue& catalogue,
                                   const FoldOptions& options) -> std::unique_ptr<Fold> {
            return std::make_unique<reducers::FoldOf<R>>(shared, catalogue, options);
        });
        if constexpr (reducers::Migrates<R>) {
            migrations_.push_back([]() -> std::unique_ptr<Migration> {
                return std::make_unique<reducers::MigrationOf<R>>();
            });
        } else {
            migrations_.emplace_back();
        }
        infos_.push_back(std::move(info));
    }

    using Start =
        std::function<std::unique_ptr<Fold>(const reducers::EventCatalogue&, const FoldOptions&)>;

    template <class R, class... E>
    static ReducerInfo info_of(EventTypes<E...> types);
    template <class R, class... E>
    static void probe(const R& reducer, const ReducerInfo& info, EventTypes<E...> types);
    template <class... E>
    void number(EventTypes<E...> /*types*/) {
        (catalogue_.add<E>(), ...);
    }
    void check(const ReducerInfo& info) const;
    static std::string digest(const ReducerInfo& info, std::string_view event_shapes);
    [[noreturn]] static void refuse_impure(const ReducerInfo& info, std::string_view event_type);

    std::vector<ReducerInfo> infos_;
    std::vector<Start> starts_;
    std::vector<std::function<std::unique_ptr<Migration>()>> migrations_;  // empty: it has none
    reducers::EventCatalogue catalogue_;
    std::vector<std::string> declared_types_;
};

template <class R, class... E>
ReducerInfo Registry::info_of(EventTypes<E...> /*types*/) {
    using Row = typename R::Row;
    ReducerInfo info;
    info.name = R::name;
    info.version = R::version;
    (info.event_types.emplace_back(E::event_type), ...);
    info.reads_envelope =
        ((reducers::ReadsEnvelope<R, E> || reducers::HasEffectsWithEnvelope<R, E>) || ...);
    types::for_each_field<Row>([&](auto index) {
        using Field = types::FieldType<Row, index>;
        info.columns.push_back({std::string(types::field_names<Row>[index]),
                                std::string(types::sql_type<Field>()), types::is_optional<Field>,
                                reducers::is_key_field<Row, index>});
    });
    for (const std::string_view key : reducers::key_names<Row>) info.key_columns.emplace_back(key);
    if constexpr (requires { R::build; }) {
        info.build = R::build;
    } else {
        std::string shapes;
        (types::describe_event<E>(shapes), ...);
        if constexpr (requires { R::sources; }) shapes.append("sources ").append(R::sources);
        info.build = digest(info, shapes);
        info.follows_program = (types::HasFormer<E> || ...);
        if constexpr (!requires { R::sources; }) info.follows_program = true;
    }
    return info;
}

// Folds a default event of each type into two fresh views. An unknown event type needs no probe:
// the fold never shows a reducer an event that is not of its Events.
template <class R, class... E>
void Registry::probe([[maybe_unused]] const R& reducer, [[maybe_unused]] const ReducerInfo& info,
                     EventTypes<E...> /*types*/) {
    const auto is_deterministic = [](const R& probed, const auto& content) {
        return reducers::changes_by_one(probed, content) ==
               reducers::changes_by_one(probed, content);
    };
    ((is_deterministic(reducer, E{}) ? void() : refuse_impure(info, E::event_type)), ...);
    static_cast<void>(is_deterministic);
}

}  // namespace baton
