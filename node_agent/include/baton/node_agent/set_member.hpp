// SetMember: what a handler is given where its task is a member of a task set: what the set may
// read, and where what it makes goes.
//
//   baton::SetMember& set = task.set();
//   set.read<OrderPlaced>([&](const OrderPlaced& order) { … });  // up to the set's position
//   set.add(MonthReport{…});                                     // readers see it with the others'
//
// What is made is kept in memory, and taken with the task's end, if the handler says done(). So it
// is there once, or never. What the handler writes by itself through TaskContext::tx() is there at
// once, and not held to the set's version and position: free SQL is outside of what a set promises.
//
// Threads: the thread that runs the handler. Lifetime: as long as the call of the handler.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/node_agent/payload.hpp"
#include "baton/types/codec.hpp"
#include "baton/types/event.hpp"

namespace baton {

class SetMember {
public:
    struct Of {
        std::int64_t set = 0;       ///< The task set's id.
        std::string key;            ///< What the set is about: "2014".
        std::string member;         ///< Which one this is: "2014-03".
        Position input_position{};  ///< It reads the log up to there.
    };
    /// An event as it is stored.
    struct StoredEvent {
        Position position{};
        std::string_view type;
        StoredPayload payload;
    };
    /// Where it leads: what a node agent, or a test of a handler, gives it.
    struct Doors {
        /// Calls back with the events of these types, in the order of the log.
        std::function<void(const std::vector<std::string>& types,
                           const std::function<void(const StoredEvent&)>& each)>
            read_log;
        /// The rows of a view, as JSON, in the order of its key.
        std::function<std::vector<std::string>(std::string_view view)> read_view;
    };

    SetMember(Of of, Doors doors) : of_(std::move(of)), doors_(std::move(doors)) {}
    SetMember(const SetMember&) = delete;
    SetMember& operator=(const SetMember&) = delete;

    [[nodiscard]] const Of& of() const noexcept { return of_; }

    /// Calls `each` with every event of the struct's type up to the set's position, in the order of
    /// the log. Throws as the log's events decode: Error(decode_failed), (event_version_unknown);
    /// and what `each` throws. Cost: a pass over the log up to there.
    template <class E, class Each>
    requires requires { E::event_type; }
    void read(const Each& each) const {
        doors_.read_log({std::string(E::event_type)}, [&](const StoredEvent& event) {
            each(node::payload_of<E>(event.payload, event.type));
        });
    }
    /// The rows of one of the set's inputs as they were at its position, in the order of the view's
    /// key. Throws Error: task_invalid where the set keeps no such view, decode_failed.
    template <types::Declared Row>
    [[nodiscard]] std::vector<Row> rows(std::string_view view) const {
        std::vector<Row> rows;
        for (const std::string& json : doors_.read_view(view)) {
            rows.push_back(decode_json<Row>(json));
        }
        return rows;
    }

    /// A row of the handler's view. Throws Error(event_invalid) for what Postgres cannot store.
    template <types::Declared Row>
    void add(const Row& row) {
        append(rows_, encode_json(row));
    }
    /// Is dispatched when the set is published, after set/published.
    template <class E>
    requires requires { E::event_type; }
    void dispatch(const E& event, EventOptions options = {}) {
        add_event(make_event(event, std::move(options)));
    }
    /// Is enqueued when the set is published.
    template <types::Declared Payload>
    void enqueue(std::string_view handler, const Payload& payload) {
        add_task(handler, encode_json(payload), types::schema_version_of<Payload>);
    }

    /// What was made so far: JSON arrays, as complete_member() takes them.
    [[nodiscard]] std::string rows_json() const { return rows_ + "]"; }
    [[nodiscard]] std::string events_json() const { return events_ + "]"; }
    [[nodiscard]] std::string tasks_json() const { return tasks_ + "]"; }

private:
    static void append(std::string& array, std::string_view json);
    void add_event(const NewEvent& event);
    void add_task(std::string_view handler, std::string_view payload, int schema_version);

    const Of of_;
    const Doors doors_;
    std::string rows_ = "[";
    std::string events_ = "[";
    std::string tasks_ = "[";
};

}  // namespace baton
