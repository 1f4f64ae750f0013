// Handlers: the handlers of a program; where their C++ types end and the node agent begins.
//
// Threads: add() while no other thread uses it; everything else is const and may be called from
// any thread.
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/node_agent/check_handler.hpp"
#include "baton/node_agent/outcome.hpp"
#include "baton/node_agent/task_context.hpp"
#include "baton/types/event.hpp"
#include "baton/types/upcast.hpp"

namespace baton {

/// What the database is to know of a handler, and how many threads run it.
struct HandlerInfo {
    std::string name;
    int version = 0;
    std::string build;
    bool follows_program = false;          ///< Nothing else says what is inside handle().
    std::vector<std::string> events = {};  ///< Types.
    std::vector<int> accepts_from = {};    ///< Versions whose tasks it can do, too.
    int threads = 0;
    bool lane_by_key = false;  ///< The key of an event is the lane of its task.
};

/// A payload as it is stored, in the shape that it had then.
struct StoredPayload {
    RawPayload content;
    int schema_version = 1;
};

/// What a handler class must have (check_handler.hpp says what is missing):
///   using Event = …;      a struct with BATON_FIELDS and event_type: each event of this type
///                         becomes a task, or
///   using Payload = …;    a struct with BATON_FIELDS, or RawPayload: for tasks that are enqueued
///   static constexpr std::string_view name = "…";
///   static constexpr int version = 1;              raised with each change of behaviour
///   baton::Outcome handle(const P&, baton::TaskContext&) const;  of the Event or Payload P; it may
///                         return void for done(), and may do without the context. Several threads
///                         call it at once, for different tasks
/// and may have:
///   static constexpr std::array accepts_from{1};   the versions whose payloads it takes, too: what
///                         waits of them is done by it once it is live. Or one int
///   static constexpr int threads = 4;              how many of its tasks run at once on a node
///   static constexpr bool lane_by_key = true;      with an Event: its key is the task's lane, so
///                         that those of one key are done one after the other, in their order
///   static constexpr std::string_view sources = …; see Registry: what the build is a digest of
///   static constexpr std::string_view build = "…"; says which code it is, instead of a digest
/// What it throws is a failed attempt, with what() as the reason.
class Handlers {
public:
    /// Calls a handler. Where the payload cannot be decoded the task is dead, with the reason.
    /// Throws what the handler throws.
    using Run = std::function<Outcome(const StoredPayload& payload, TaskContext& task)>;

    /// Throws Error(handler_invalid) where the name, version, threads, event type or a version that
    /// it accepts from is none, or (name, version) is there already.
    template <class H>
    void add(H handler = {}) {
        if constexpr (node::check_handler<H>()) add_sound(std::move(handler));
    }

    [[nodiscard]] std::span<const HandlerInfo> infos() const noexcept { return infos_; }
    /// What runs infos()[index]. It does not refer to this object.
    [[nodiscard]] const Run& run(std::size_t index) const { return runs_[index]; }

private:
    template <class H>
    void add_sound(H handler);
    void add(HandlerInfo info, std::string_view shape, std::string_view sources, Run run);

    std::vector<HandlerInfo> infos_;
    std::vector<Run> runs_;
};

namespace node {

/// The bytes of a payload and how to read them. Throws Error(decode_failed) where they are neither
/// JSON nor msgpack.
struct Encoded {
    std::string_view bytes;
    types::ValueReader& reader;
};
[[nodiscard]] Encoded encoded(const RawPayload& payload);

/// Throws Error: decode_failed, event_version_unknown; and what an upcast() throws.
template <class P>
[[nodiscard]] P payload_of(const StoredPayload& stored, std::string_view handler) {
    if constexpr (std::same_as<P, RawPayload>) {
        return stored.content;
    } else {
        P payload{};
        const Encoded encoded_as = encoded(stored.content);
        try {
            types::decode_version(encoded_as.reader, encoded_as.bytes, stored.schema_version,
                                  handler, payload);
        } catch (const types::DecodeFailure& failure) {
            throw Error(ErrorCode::decode_failed, failure.what());
        }
        return payload;
    }
}

template <class H, class P>
[[nodiscard]] Outcome call(const H& handler, const P& payload, TaskContext& task) {
    const auto answer = [&](auto&& handle) -> Outcome {
        if constexpr (std::is_void_v<decltype(handle())>) {
            handle();
            return done();
        } else {
            return handle();
        }
    };
    if constexpr (HandlesWithContext<H, P>) {
        return answer([&] { return handler.handle(payload, task); });
    } else {
        return answer([&] { return handler.handle(payload); });
    }
}

}  // namespace node

template <class H>
void Handlers::add_sound(H handler) {
    using P = typename node::PayloadOf<H>::type;
    constexpr int usual_threads = 4;
    HandlerInfo info{.name = std::string(H::name), .version = H::version, .build = {}};
    std::string shape;
    std::string_view sources;
    if constexpr (node::HasEvent<H>) info.events.emplace_back(P::event_type);
    if constexpr (!std::same_as<P, RawPayload>) types::describe_event<P>(shape);
    if constexpr (node::AcceptsFromOne<H>) {
        info.accepts_from.push_back(H::accepts_from);
    } else if constexpr (requires { H::accepts_from; }) {
        info.accepts_from.assign(std::begin(H::accepts_from), std::end(H::accepts_from));
    }
    if constexpr (requires { H::lane_by_key; }) info.lane_by_key = H::lane_by_key;
    if constexpr (requires { H::sources; }) sources = H::sources;
    if constexpr (requires { H::build; }) info.build = H::build;
    if constexpr (requires { H::threads; }) {
        info.threads = H::threads;
    } else {
        info.threads = usual_threads;
    }
    info.follows_program = sources.empty() && info.build.empty();
    auto shared = std::make_shared<const H>(std::move(handler));
    add(std::move(info), shape, sources,
        [shared](const StoredPayload& stored, TaskContext& task) -> Outcome {
            std::optional<P> payload;
            try {
                payload = node::payload_of<P>(stored, H::name);
            } catch (const std::bad_alloc&) {
                throw;
            } catch (const std::exception& error) {
                return dead_letter(std::string("the payload cannot be read: ") + error.what());
            }
            return node::call(*shared, *payload, task);
        });
}

}  // namespace baton
