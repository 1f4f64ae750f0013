#include "baton/node_agent/drain.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "carried.hpp"
#include "task_run.hpp"

namespace baton::node {
namespace {

// What runs a handler, and keeps what it throws.
struct KeptError {
    std::exception_ptr error;

    template <class Call>
    auto keeping(Call call) {
        try {
            return call();
        } catch (...) {
            error = std::current_exception();
            throw;
        }
    }
};

}  // namespace
}  // namespace baton::node

namespace baton {

using node::Held;
using node::KeptError;
using node::Report;

struct Drain::Inside {
    Inside(NodeOptions how, const Handlers& carried)
        : options(std::move(how)),
          handlers(carried),
          workshop(options),
          connection(options.url,
                     sql::session_options(options.schema, "baton drain " + options.name)),
          session(std::make_shared<node::LiveSession>(
              sql::NodeSession(connection, {.name = options.name,
                                            .handlers = node::carried_by(handlers, options.program),
                                            .labels = options.labels,
                                            .lease = options.lease,
                                            .credentials = options.credentials}),
              node::Clock::now() + options.lease)) {
        node::define_workflows(connection, options.workflows);
    }

    std::vector<Held> claim(const std::string& handler, int count) {
        sql::Transaction transaction(connection);
        std::vector<Held> held;
        std::vector<std::string> tokens;
        for (sql::ClaimedTask& task : session->node.claim(transaction, handler, count)) {
            tokens.push_back(task.token);
            held.push_back({std::move(task), session});
        }
        if (!tokens.empty()) {
            static_cast<void>(session->node.start_many(transaction, tokens));
        }
        transaction.commit();
        return held;
    }

    // Where handlers have several versions a task is done by the one that can.
    [[nodiscard]] std::optional<std::size_t> index_for(const std::string& handler,
                                                       int version) const {
        std::optional<std::size_t> found;
        for (std::size_t i = 0; i < handlers.infos().size(); ++i) {
            const HandlerInfo& info = handlers.infos()[i];
            if (info.name != handler) continue;
            if (info.version == version) return i;
            if (std::ranges::find(info.accepts_from, version) != info.accepts_from.end()) found = i;
        }
        return found;
    }

    std::vector<Report> run(std::size_t index, const std::vector<Held>& held, KeptError& kept) {
        const std::vector<node::CancelFlag> flags = [&] {
            std::vector<node::CancelFlag> made;
            for (std::size_t i = 0; i < held.size(); ++i) {
                made.push_back(std::make_shared<std::atomic<bool>>(false));
            }
            return made;
        }();
        if (const Handlers::RunBatch& batch = handlers.run_batch(index)) {
            return node::run_batch(
                workshop,
                [&](auto payloads, BatchContext& context, auto outcomes) {
                    kept.keeping([&] { batch(payloads, context, outcomes); });
                },
                held, flags);
        }
        node::TaskRun task(workshop, held.front(), flags.front());
        Outcome outcome = task.run([&](const StoredPayload& payload, TaskContext& context) {
            return kept.keeping([&] { return handlers.run(index)(payload, context); });
        });
        fault_point("task_handled");
        std::vector<Report> reports;
        reports.push_back(task.finish(std::move(outcome)));
        return reports;
    }

    void tell(const Held& held, const Report& report) {
        const std::string& token = held.task.token;
        const Outcome& outcome = report.outcome;
        if (report.kind == Report::Kind::settled) return;
        if (report.kind == Report::Kind::released) {
            return session->node.release_many(connection, {token});
        }
        switch (outcome.kind) {
            case Outcome::Kind::done: {
                sql::Transaction transaction(connection);
                static_cast<void>(session->node.complete(transaction, token, outcome.result));
                return transaction.commit();
            }
            case Outcome::Kind::later:
                static_cast<void>(session->node.snooze(
                    connection, token, outcome.pause.value_or(std::chrono::seconds(1))));
                return;
            case Outcome::Kind::called:
                session->node.await_callback(connection, token, outcome.callback,
                                             outcome.pause.value_or(std::chrono::seconds(1)));
                return;
            case Outcome::Kind::retry:
            case Outcome::Kind::dead:
                static_cast<void>(
                    session->node.fail(connection, token,
                                       {.error = outcome.reason,
                                        .retry_after = outcome.pause,
                                        .is_final = outcome.kind == Outcome::Kind::dead}));
                return;
        }
    }

    void carry_out(const std::string& handler, const std::vector<Held>& held,
                   std::vector<DrainedTask>& drained) {
        holding.clear();
        for (const Held& one : held) holding.push_back(one.task.id);
        fault_point("task_claimed");
        const auto index = index_for(handler, held.front().task.version);
        if (!index) {
            throw Error(ErrorCode::task_invalid, "a task of " + handler + "@" +
                                                     std::to_string(held.front().task.version) +
                                                     " was claimed, which is not carried");
        }
        KeptError kept;
        const std::vector<Report> reports = run(*index, held, kept);
        for (std::size_t i = 0; i < held.size(); ++i) {
            tell(held[i], reports[i]);
            const sql::ClaimedTask& task = held[i].task;
            drained.push_back(
                {task.id, handler, task.version, task.attempt, task.payload, reports[i].outcome});
        }
        fault_point("task_done");
        if (kept.error) std::rethrow_exception(kept.error);
    }

    const NodeOptions options;
    const Handlers& handlers;
    node::Workshop workshop;
    sql::Connection connection;
    std::shared_ptr<node::LiveSession> session;
    std::vector<std::int64_t> holding;  // the tasks that are in their handler's hands
    bool is_dead = false;
};

Drain::Drain(NodeOptions options, const Handlers& handlers)
    : inside_(std::make_unique<Inside>(std::move(options), handlers)) {}

Drain::~Drain() {
    if (inside_->is_dead) return;
    try {
        static_cast<void>(inside_->session->node.deregister(inside_->connection));
    } catch (const std::exception& error) {
        log_line(spdlog::level::warn, "a drain could not leave", {{"reason", error.what()}});
    }
}

std::vector<DrainedTask> Drain::round() {
    std::vector<DrainedTask> drained;
    std::vector<std::string> asked;
    static_cast<void>(inside_->session->node.heartbeat(inside_->connection));
    inside_->session->trust_until(node::Clock::now() + inside_->options.lease);
    for (const HandlerInfo& info : inside_->handlers.infos()) {
        if (std::ranges::find(asked, info.name) != asked.end()) continue;
        asked.push_back(info.name);
        const std::vector<Held> held = inside_->claim(info.name, info.batch);
        if (!held.empty()) inside_->carry_out(info.name, held, drained);
    }
    return drained;
}

std::vector<std::int64_t> Drain::die() {
    inside_->is_dead = true;
    return inside_->holding;
}

}  // namespace baton
