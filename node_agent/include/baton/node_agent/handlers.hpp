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
#include "baton/node_agent/payload.hpp"
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
    int batch = 1;             ///< How many tasks one call does, at most.
    std::string view = {};     ///< Of its task sets' rows, if it makes some.
    std::string columns = {};  ///< Of that: JSON text, as register_node() takes it.
    bool lane_by_key = false;  ///< The key of an event is the lane of its task.
    std::int64_t from = 0;     ///< The first event that becomes a task; 0: the log's next one.
};

namespace node {
class EndpointGate;
}

/// Of a handler whose tasks need no thread while they are under way, as requests over HTTP.
struct Apart {
    /// Begins with a task. `ended` is called once, by whatever thread; the payload and the context
    /// are there until then. Throws nothing.
    std::function<void(const StoredPayload& payload, TaskContext& task,
                       std::function<void(Outcome)> ended)>
        begin = {};
    /// Whether tasks may be begun with; null: always.
    std::shared_ptr<node::EndpointGate> gate = {};
};

/// What a handler class must have (check_handler.hpp says what is missing):
///   using Event = …;      a struct with BATON_FIELDS and event_type: each event of this type
///                         becomes a task, or
///   using Payload = …;    a struct with BATON_FIELDS, or RawPayload: for tasks that are enqueued
///   static constexpr std::string_view name = "…";
///   static constexpr int version = 1;              raised with each change of behaviour
///   baton::Outcome handle(const P&, baton::TaskContext&) const;  of the Event or Payload P; it may
///                         return void for done(), or a struct for done(of it), and may do without
///                         the context. Several threads call it at once, for different tasks
/// and may have:
///   static constexpr std::array accepts_from{1};   the versions whose payloads it takes, too: what
///                         waits of them is done by it once it is live. Or one int
///   static constexpr int threads = 4;              how many of its tasks run at once on a node
///   static constexpr int batch = 100;              handle() gets up to so many at once, and
///   answers
///                         for each, in their order: std::vector<baton::Outcome>
///                         handle(std::span<const P>, baton::BatchContext&) const
///   static constexpr bool lane_by_key = true;      with an Event: its key is the task's lane, so
///                         that those of one key are done one after the other, in their order
///   static constexpr std::int64_t from = 1;        with an Event: the position from which on
///   events
///                         become tasks; without it, those that come once it is registered
///   using Row = …;        a struct with BATON_FIELDS and BATON_KEY, and
///   static constexpr std::string_view view = "…";  where its tasks are members of task sets: the
///                         rows that they make, and the view that shows them; TaskContext::set()
///   static constexpr std::string_view sources = …; see Registry: what the build is a digest of
///   static constexpr std::string_view build = "…"; says which code it is, instead of a digest
/// What it throws is a failed attempt, with what() as the reason.
class Handlers {
public:
    /// Calls a handler. Where the payload cannot be decoded the task is dead, with the reason.
    /// Throws what the handler throws.
    using Run = std::function<Outcome(const StoredPayload& payload, TaskContext& task)>;

    /// Calls a handler of batches. `outcomes`: one for each payload, each a retry(""). It sets them
    /// where the handler has answered for all, and those that cannot be read in any case. Throws
    /// what the handler throws, and Error(handler_invalid) where it did not answer for each.
    using RunBatch = std::function<void(std::span<const StoredPayload> payloads,
                                        BatchContext& batch, std::span<Outcome> outcomes)>;

    /// Throws Error(handler_invalid) where the name, version, threads, batch, event type or a
    /// version that it accepts from is none, or (name, version) is there already.
    template <class H>
    void add(H handler = {}) {
        if constexpr (node::check_handler<H>()) add_sound(std::move(handler));
    }

    /// Adds a handler that is no class: what runs its tasks. `sources`: what its build is a digest
    /// of, beside its name, version, events and accepts_from. Throws as the other one.
    void add(HandlerInfo info, std::string_view sources, Run run) {
        add(std::move(info), {}, sources, Runs{std::move(run), {}, {}});
    }
    /// The same for tasks that need no thread: of them info.threads are under way at once. `run`
    /// does one and waits for it, where versions of the handler are no such ones.
    void add(HandlerInfo info, std::string_view sources, Run run, Apart apart) {
        add(std::move(info), {}, sources, Runs{std::move(run), {}, std::move(apart)});
    }

    [[nodiscard]] std::span<const HandlerInfo> infos() const noexcept { return infos_; }
    /// What runs infos()[index]. It does not refer to this object.
    [[nodiscard]] const Run& run(std::size_t index) const { return runs_[index].one; }
    /// The same where it does batches; else empty, as run() is then.
    [[nodiscard]] const RunBatch& run_batch(std::size_t index) const { return runs_[index].batch; }
    /// Its begin is empty where infos()[index] needs threads.
    [[nodiscard]] const Apart& apart(std::size_t index) const { return runs_[index].apart; }

private:
    template <class H>
    void add_sound(H handler);
    struct Runs {
        Run one = {};
        RunBatch batch = {};
        Apart apart = {};
    };
    void add(HandlerInfo info, std::string_view shape, std::string_view sources, Runs runs);

    std::vector<HandlerInfo> infos_;
    std::vector<Runs> runs_;
};

namespace node {

/// The columns of a view of task sets, as register_node() takes them.
template <reducers::RowType Row>
[[nodiscard]] std::string columns_json() {
    std::string json = "[";
    types::for_each_field<Row>([&](auto index) {
        using Field = types::FieldType<Row, index>;
        json.append(json.size() > 1 ? "," : "").append(R"({"name":")");
        json.append(types::field_names<Row>[index]).append(R"(","type":")");
        json.append(types::sql_type<Field>()).append(R"(","nullable":)");
        json.append(types::is_optional<Field> ? "true" : "false").append(R"(,"key":)");
        json.append(reducers::is_key_field<Row, index> ? "true}" : "false}");
    });
    return json + "]";
}

template <class H, class P>
[[nodiscard]] Outcome call(const H& handler, const P& payload, TaskContext& task) {
    const auto answer = [&](auto&& handle) -> Outcome {
        if constexpr (std::is_void_v<decltype(handle())>) {
            handle();
            return done();
        } else if constexpr (types::Declared<decltype(handle())>) {
            return done(handle());
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

/// Reads one payload; else returns what becomes of its task.
template <class P>
[[nodiscard]] std::optional<Outcome> read_payload(const StoredPayload& stored,
                                                  std::string_view handler,
                                                  std::optional<P>& payload) {
    try {
        payload = payload_of<P>(stored, handler);
        return std::nullopt;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {
        return dead_letter(std::string("the payload cannot be read: ") + error.what());
    }
}

template <class H, class P>
[[nodiscard]] Outcome run_one(const H& handler, const StoredPayload& stored, TaskContext& task) {
    std::optional<P> payload;
    if (std::optional<Outcome> fault = read_payload(stored, H::name, payload)) return *fault;
    return call(handler, *payload, task);
}

template <class H, class P>
[[nodiscard]] std::vector<Outcome> call_batch(const H& handler, std::span<const P> payloads,
                                              BatchContext& batch) {
    const auto answer = [&](auto&& handle) {
        if constexpr (std::is_void_v<decltype(handle())>) {
            handle();
            return std::vector<Outcome>(payloads.size(), done());
        } else {
            return handle();
        }
    };
    if constexpr (HandlesBatchWithContext<H, P>) {
        return answer([&] { return handler.handle(payloads, batch); });
    } else {
        return answer([&] { return handler.handle(payloads); });
    }
}

/// Throws Error(handler_invalid): a handler of batches has not answered for each of its tasks.
[[noreturn]] void refuse_answers(std::string_view handler, std::size_t answers, std::size_t tasks);

template <class H, class P>
void run_batch(const H& handler, std::span<const StoredPayload> stored, BatchContext& batch,
               std::span<Outcome> outcomes) {
    std::vector<P> payloads;
    std::vector<std::size_t> numbers;
    payloads.reserve(stored.size());
    for (std::size_t i = 0; i < stored.size(); ++i) {
        std::optional<P> payload;
        if (std::optional<Outcome> fault = read_payload(stored[i], H::name, payload)) {
            outcomes[i] = std::move(*fault);
        } else {
            payloads.push_back(std::move(*payload));
            numbers.push_back(i);
        }
    }
    if (payloads.empty()) return;
    batch.keep(numbers);
    std::vector<Outcome> answers = call_batch<H, P>(handler, payloads, batch);
    if (answers.size() != payloads.size()) {
        refuse_answers(H::name, answers.size(), payloads.size());
    }
    for (std::size_t i = 0; i < answers.size(); ++i) outcomes[numbers[i]] = std::move(answers[i]);
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
    if constexpr (requires { H::from; }) info.from = H::from;
    if constexpr (node::HasRow<H>) {
        info.view = H::view;
        info.columns = node::columns_json<typename H::Row>();
    }
    if constexpr (requires { H::sources; }) sources = H::sources;
    if constexpr (requires { H::build; }) info.build = H::build;
    if constexpr (requires { H::threads; }) {
        info.threads = H::threads;
    } else {
        info.threads = usual_threads;
    }
    info.follows_program = sources.empty() && info.build.empty();
    auto shared = std::make_shared<const H>(std::move(handler));
    Runs runs;
    if constexpr (node::HasBatch<H>) {
        info.batch = H::batch;
        runs.batch = [shared](std::span<const StoredPayload> stored, BatchContext& batch,
                              std::span<Outcome> outcomes) {
            node::run_batch<H, P>(*shared, stored, batch, outcomes);
        };
    } else {
        runs.one = [shared](const StoredPayload& stored, TaskContext& task) {
            return node::run_one<H, P>(*shared, stored, task);
        };
    }
    add(std::move(info), shape, sources, std::move(runs));
}

}  // namespace baton
