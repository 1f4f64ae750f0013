// Effects: what a reducer lets follow from an event, beside the rows of its view: tasks, further
// events, task sets.
//
//   void effects(const OrderPlaced& order, const baton::Rows<Row>& rows, baton::Effects& out) const
//   {
//       out.enqueue("send_invoice", InvoiceToSend{order.order_id});
//   }
//
// It is called after reduce() of the same event, and sees the rows as that left them. It is as pure
// as reduce(): it may be called again with the same event, and with made-up rows, and what it said
// then is forgotten. The orchestrator lets happen what is said here in the transaction of the
// batch, once for each event; and only for events at whose position this version was live. See
// docs/effects.md.
//
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/types/codec.hpp"
#include "baton/types/event.hpp"
#include "baton/types/task.hpp"
#include "baton/types/upcast.hpp"

namespace baton {

/// One thing that is to happen, as JSON: see the type effect in
/// sql/migrations/0007_effects_and_backfill.sql.
struct Effect {
    Position position{};  ///< Of the event that it follows from.
    std::string json;
};

class Effects {
public:
    /// A task for the handler of that name, with a payload of JSON: see baton/sql/enqueue.hpp.
    /// This and the others throw Error: event_invalid for a text that is not UTF-8 or holds a NUL,
    /// decode_failed for what is no JSON. Whether there is such a handler, and whether the payload
    /// is too large, is found when the batch is written.
    void enqueue(std::string_view handler, std::string_view payload,
                 const EnqueueOptions& options = {});
    /// The same for a struct with BATON_FIELDS, in the schema version of the struct.
    template <types::Declared Payload>
    void enqueue(std::string_view handler, const Payload& payload, EnqueueOptions options = {}) {
        options.schema_version = types::schema_version_of<Payload>;
        add_task(handler, encode_json(payload), options);
    }

    /// A further event. Its meta says which position and reducer it is of, beside what
    /// `options` say. A dispatch_id is not needed, and ignored: an effect is written once.
    template <class E>
    void dispatch(const E& event, EventOptions options = {}) {
        add_event(make_event(event, std::move(options)));
    }
    template <class E>
    void dispatch(const E& event, std::string key) {
        dispatch(event, EventOptions{.key = std::move(key)});
    }

    /// A task set: see baton/sql/task_set.hpp. Where one of the handler and key is open, it is
    /// touched instead.
    void open_task_set(std::string_view handler, std::string_view key,
                       const MemberPayloads& members, const TaskSetOptions& options = {});
    template <types::Declared Payload>
    void open_task_set(std::string_view handler, std::string_view key,
                       const std::map<std::string, Payload>& members,
                       const TaskSetOptions& options = {}) {
        MemberPayloads payloads;
        for (const auto& [name, payload] : members) payloads.emplace(name, encode_json(payload));
        open_task_set(handler, key, payloads, options);
    }
    /// What the sets of a key depend on has changed: one next set follows.
    void touch_task_set(std::string_view handler, std::string_view key);

    // For who folds.

    /// Effects of events behind `position` are wanted from now on; without this, none are.
    void run_after(Position position) { after_ = position; }
    [[nodiscard]] bool are_wanted(Position position) const noexcept { return position > after_; }
    /// Says which event the next ones follow from.
    void begin_event(const Event& event);
    /// What was said since the last clear(), in order.
    [[nodiscard]] std::span<const Effect> said() const noexcept { return said_; }
    /// Forgets what was said since the last keep() or clear().
    void discard() { said_.resize(kept_); }
    void keep() { kept_ = said_.size(); }
    void clear() {
        said_.clear();
        kept_ = 0;
    }

private:
    void add_task(std::string_view handler, std::string_view payload,
                  const EnqueueOptions& options);
    void add_event(const NewEvent& event);
    [[nodiscard]] std::string begin(std::string_view kind, std::string_view name) const;
    void end(std::string json);

    Position after_{std::numeric_limits<std::int64_t>::max()};
    Position position_{};
    EventId event_{};
    int ordinal_ = 0;
    std::vector<Effect> said_;
    std::size_t kept_ = 0;
};

}  // namespace baton
