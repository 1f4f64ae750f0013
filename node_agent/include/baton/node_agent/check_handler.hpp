// What is wrong with a handler class, said when it is compiled: one line each, with what to do, as
// check_reducer.hpp does it for reducers.
//
// Threads: nothing happens when the program runs.
#pragma once

#include <concepts>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "baton/node_agent/batch_context.hpp"
#include "baton/node_agent/outcome.hpp"
#include "baton/node_agent/payload.hpp"
#include "baton/node_agent/task_context.hpp"
#include "baton/reducers/row_key.hpp"
#include "baton/types/upcast.hpp"

namespace baton {

namespace node {

template <class H>
concept HasEvent = requires {
    typename H::Event;
};
template <class H>
concept HasPayload = requires {
    typename H::Payload;
};

template <class H>
struct PayloadOf {
    using type = typename H::Payload;
};
template <HasEvent H>
struct PayloadOf<H> {
    using type = typename H::Event;
};

template <class H>
concept HasName = requires {
    {std::string_view{H::name}};
};
template <class H>
concept HasVersion = requires {
    {static_cast<int>(H::version)};
};
template <class H>
concept AcceptsFromOne = requires {
    requires std::same_as<decltype(H::accepts_from), const int>;
};
template <class H>
concept AcceptsFromSeveral = requires {
    { *std::begin(H::accepts_from) } -> std::same_as<const int&>;
    std::end(H::accepts_from);
};
template <class E>
concept HasEventType = requires {
    {std::string_view{E::event_type}};
};
template <class Returned>
concept IsAnswer =
    std::same_as<Returned, Outcome> || std::same_as<Returned, void> || types::Declared<Returned>;
template <class H, class P>
concept HandlesAlone = requires(const H& handler, const P& payload) {
    { handler.handle(payload) } -> IsAnswer;
};
template <class H, class P>
concept HandlesWithContext = requires(const H& handler, const P& payload, TaskContext& task) {
    { handler.handle(payload, task) } -> IsAnswer;
};

template <class H>
concept HasBatch = requires {
    H::batch;
};
template <class Returned>
concept IsBatchAnswer =
    std::same_as<Returned, std::vector<Outcome>> || std::same_as<Returned, void>;
template <class H, class P>
concept HandlesBatchAlone = requires(const H& handler, std::span<const P> payloads) {
    { handler.handle(payloads) } -> IsBatchAnswer;
};
template <class H, class P>
concept HandlesBatchWithContext = requires(const H& handler, std::span<const P> payloads,
                                           BatchContext& batch) {
    { handler.handle(payloads, batch) } -> IsBatchAnswer;
};
template <class H, class P>
concept HandlesBatch = HandlesBatchAlone<H, P> || HandlesBatchWithContext<H, P>;

template <class P>
constexpr bool check_payload() {
    if constexpr (std::same_as<P, RawPayload>) {
        return true;
    } else if constexpr (!types::check_struct<P>()) {
        return false;
    } else {
        types::check_versions<P>();
        return types::versions_fit<P>();
    }
}

template <class H>
constexpr bool check_event_type() {
    if constexpr (HasEvent<H>) {
        static_assert(HasEventType<typename H::Event>,
                      "the struct of a handler's Event needs: static constexpr std::string_view "
                      "event_type = \"...\";");
        return HasEventType<typename H::Event>;
    } else {
        return true;
    }
}

template <class H>
constexpr bool check_accepts_from() {
    if constexpr (requires { H::accepts_from; }) {
        constexpr bool is_sound = AcceptsFromOne<H> || AcceptsFromSeveral<H>;
        static_assert(is_sound,
                      "accepts_from of a handler is a version or several: static constexpr "
                      "std::array accepts_from{1, 2};");
        return is_sound;
    } else {
        return true;
    }
}

template <class H>
constexpr bool check_lane_by_key() {
    if constexpr (requires { H::lane_by_key; }) {
        constexpr bool is_sound = HasEvent<H> && std::same_as<decltype(H::lane_by_key), const bool>;
        static_assert(is_sound,
                      "lane_by_key of a handler is static constexpr bool, and for those that have "
                      "an Event: it is its key that is meant");
        return is_sound;
    } else {
        return true;
    }
}

template <class H>
constexpr bool check_from() {
    if constexpr (requires { H::from; }) {
        constexpr bool is_integer = std::integral<std::remove_cvref_t<decltype(H::from)>>;
        static_assert(HasEvent<H> && is_integer,
                      "from of a handler is static constexpr std::int64_t, a position of the log, "
                      "and for those that have an Event");
        if constexpr (HasEvent<H> && is_integer) {
            static_assert(H::from >= 1, "from of a handler is a position of the log: 1 or more");
            return H::from >= 1;
        }
        return false;
    } else {
        return true;
    }
}

template <class H>
concept HasRow = requires {
    typename H::Row;
};
template <class H>
concept HasView = requires {
    {std::string_view{H::view}};
};

template <class H>
constexpr bool check_row() {
    if constexpr (!HasRow<H>) {
        static_assert(!HasView<H>,
                      "a handler with a view needs: using Row = ...; the struct, with BATON_FIELDS "
                      "and BATON_KEY, of the rows that members of its task sets make");
        return !HasView<H>;
    } else {
        using Row = typename H::Row;
        static_assert(HasView<H>,
                      "a handler with a Row needs: static constexpr std::string_view view = "
                      "\"...\"; the view that shows the rows of its task sets");
        static_assert(reducers::RowType<Row>,
                      "the Row of a handler needs BATON_FIELDS and "
                      "BATON_KEY");
        if constexpr (!reducers::RowType<Row>) {
            return false;
        } else {
            return types::check_struct<Row>() && reducers::is_sound_key<Row> && HasView<H>;
        }
    }
}

template <class H>
constexpr bool check_batch() {
    if constexpr (HasBatch<H>) {
        constexpr bool is_int = std::same_as<decltype(H::batch), const int>;
        static_assert(is_int,
                      "batch of a handler is static constexpr int: how many tasks handle() "
                      "gets at once");
        static_assert(!HasRow<H>,
                      "a handler with a Row makes task sets, and has no batch: each "
                      "member of a set is done by itself");
        return is_int && !HasRow<H>;
    } else {
        return true;
    }
}

template <class H>
constexpr bool check_call() {
    using P = typename PayloadOf<H>::type;
    if constexpr (HasBatch<H>) {
        static_assert(
            HandlesBatch<H, P>,
            "a handler with a batch has no handle() for several of its Events or Payloads "
            "(P): it needs std::vector<baton::Outcome> handle(std::span<const P>, "
            "baton::BatchContext&) const, which may return void, and may do without the "
            "context");
        return HandlesBatch<H, P>;
    } else if constexpr (HandlesBatch<H, P>) {
        static_assert(!HandlesBatch<H, P>,
                      "a handler whose handle() takes several payloads needs: static constexpr int "
                      "batch = 100; how many it gets at most");
        return false;
    } else {
        constexpr bool handles = HandlesAlone<H, P> || HandlesWithContext<H, P>;
        static_assert(handles,
                      "the handler has no handle() for its Event or Payload (P): it needs "
                      "baton::Outcome handle(const P&, baton::TaskContext&) const, which may "
                      "return void or a struct with BATON_FIELDS, and may do without the context");
        return handles;
    }
}

template <class H>
constexpr bool check_handle() {
    constexpr bool handles = check_call<H>();
    static_assert(HasName<H>, "a handler needs: static constexpr std::string_view name = \"...\";");
    static_assert(HasVersion<H>, "a handler needs: static constexpr int version = 1;");
    static_assert(std::copy_constructible<H>, "a handler must be copyable");
    return handles && HasName<H> && HasVersion<H> && std::copy_constructible<H>;
}

/// Whether `H` is a handler; if not, it is refused with what to do.
// NOLINTBEGIN(bugprone-branch-clone)
template <class H>
constexpr bool check_handler() {
    static_assert(HasEvent<H> != HasPayload<H>,
                  "a handler needs one of: using Event = ...; the struct of the events that become "
                  "its tasks, or using Payload = ...; the struct of what is enqueued for it");
    if constexpr (HasEvent<H> == HasPayload<H>) {
        return false;
    } else if constexpr (!check_payload<typename PayloadOf<H>::type>()) {
        return false;
    } else {
        return check_event_type<H>() && check_accepts_from<H>() && check_lane_by_key<H>() &&
               check_from<H>() && check_row<H>() && check_batch<H>() && check_handle<H>();
    }
}
// NOLINTEND(bugprone-branch-clone)

/// What is meant as a handler, sound or not.
template <class H>
concept LooksLikeHandler = requires {
    &H::handle;
}
|| (HasEvent<H> || HasPayload<H>);

}  // namespace node
}  // namespace baton
