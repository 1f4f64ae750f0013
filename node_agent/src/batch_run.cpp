// Several tasks in their handler's hands at once: task_run.hpp.
#include <algorithm>
#include <optional>

#include "after_commit.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/node_agent/batch_context.hpp"
#include "task_run.hpp"

namespace baton::node {
namespace {

// One task of the batch that the handler is to do.
struct Part {
    const Held& held;
    const CancelFlag& cancelled;
    Report& report;
};
using Parts = std::vector<Part>;

void settle_all(const Parts& parts, Report::Kind kind) {
    for (const Part& part : parts) part.report.kind = kind;
}

void fail_all(const Parts& parts, const std::string& reason) {
    for (const Part& part : parts) {
        part.report.kind = Report::Kind::ended;
        part.report.outcome = retry(reason);
    }
}

std::vector<TaskContext::Task> tasks_of(const Parts& parts) {
    std::vector<TaskContext::Task> tasks;
    for (const Part& part : parts) {
        const sql::ClaimedTask& task = part.held.task;
        tasks.push_back({.id = task.id,
                         .version = task.version,
                         .attempt = task.attempt,
                         .delivery = task.delivery,
                         .tenant = task.tenant,
                         .meta = task.meta});
    }
    return tasks;
}

std::vector<Outcome> call(Workshop& workshop, const Handlers::RunBatch& run, const Parts& parts,
                          OpenTransaction& transaction) {
    const auto is_lost = [&](std::size_t i) { return parts[i].cancelled->load(); };
    const auto are_all_lost = [&] {
        return std::ranges::all_of(parts, [](const Part& part) { return part.cancelled->load(); });
    };
    BatchContext context(
        tasks_of(parts), workshop.environment,
        {.transaction = [&]() -> pqxx::dbtransaction& { return transaction.open().raw(); },
         .is_cancelled =
             [&] {
                 return workshop.is_stopping || !parts.front().held.session->is_trusted() ||
                        are_all_lost();
             },
         .is_task_cancelled = is_lost,
         .extend =
             [&](std::chrono::milliseconds time) {
                 for (const Part& part : parts) {
                     if (workshop.sayings.say(part.held, {.longer = time})) workshop.reports.wake();
                 }
             },
         .now = workshop.now});
    std::vector<StoredPayload> payloads;
    for (const Part& part : parts) {
        const sql::ClaimedTask& task = part.held.task;
        payloads.push_back({.content = {task.payload, task.body, task.content_type},
                            .schema_version = task.schema_version});
    }
    std::vector<Outcome> outcomes(parts.size(), retry(""));
    try {
        run(payloads, context, outcomes);
    } catch (...) {
        const std::string reason = reason_of_failure("the handler");
        for (Outcome& outcome : outcomes) {
            if (outcome.kind == Outcome::Kind::retry) outcome.reason = reason;
        }
    }
    return outcomes;
}

void split(const Parts& parts, std::vector<std::string>& tokens,
           std::vector<std::string>& results) {
    for (const Part& part : parts) {
        tokens.push_back(part.held.task.token);
        results.push_back(part.report.outcome.result);
    }
}

// The COMMIT of these had no answer.
void look_into(Workshop& workshop, const Parts& parts, const std::vector<std::string>& tokens,
               const std::vector<std::string>& results) {
    const LiveSession& session = *parts.front().held.session;
    try {
        const auto answers =
            ask_after_commit(workshop.connections, session, [&](sql::Transaction& asking) {
                return session.node.complete_many(asking, tokens, results);
            });
        // To release what was committed changes nothing.
        if (!answers) return settle_all(parts, Report::Kind::released);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if ((*answers)[i] == sql::Completion::done) {
                fail_all({parts[i]}, "its COMMIT had no answer, and did not happen");
            } else {
                parts[i].report.kind = Report::Kind::settled;
            }
        }
    } catch (const Error&) {
        settle_all(parts, Report::Kind::settled);
    }
}

// Commits what the handler wrote together with the ends of those that are done: all of them, or
// none, where one is this node's no more. Then the others begin anew, since what was written for
// that one is written with the rest.
void complete_in(Workshop& workshop, const Parts& parts, OpenTransaction& open) {
    std::vector<std::string> tokens;
    std::vector<std::string> results;
    split(parts, tokens, results);
    try {
        sql::Transaction& transaction = open.open();
        const std::vector<sql::Completion> answers =
            parts.front().held.session->node.complete_many(transaction, tokens, results);
        const auto is_done = [](sql::Completion answer) { return answer == sql::Completion::done; };
        if (std::ranges::all_of(answers, is_done)) {
            transaction.commit();
            return settle_all(parts, Report::Kind::settled);
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            parts[i].report.kind =
                is_done(answers[i]) ? Report::Kind::released : Report::Kind::settled;
        }
        log_line(spdlog::level::warn, "what a handler wrote for a batch was rolled back",
                 {{"tasks", parts.size()},
                  {"reason", "not all of them are this node's any more; the others begin anew"}});
    } catch (const Error& error) {
        if (error.code() == ErrorCode::node_ended) {
            return settle_all(parts, Report::Kind::settled);
        }
        if (error.code() == ErrorCode::outcome_unknown) {
            return look_into(workshop, parts, tokens, results);
        }
        fail_all(parts, error.what());
    } catch (const std::exception& error) {  // what the handler has done to the session
        fail_all(parts, error.what());
    }
}

// Those that the handler is to do; of the others the reports say why not.
Parts parts_of(const std::vector<Held>& tasks, const std::vector<CancelFlag>& cancelled,
               std::vector<Report>& reports) {
    Parts parts;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        if (*cancelled[i]) continue;
        if (tasks[i].task.in_set) {
            reports[i].kind = Report::Kind::ended;
            reports[i].outcome = dead_letter(
                "it is a member of a task set, which a handler with a batch cannot do: "
                "leave out its batch");
            continue;
        }
        parts.push_back({tasks[i], cancelled[i], reports[i]});
    }
    return parts;
}

}  // namespace

std::vector<Report> run_batch(Workshop& workshop, const Handlers::RunBatch& run,
                              const std::vector<Held>& tasks,
                              const std::vector<CancelFlag>& cancelled) noexcept {
    std::vector<Report> reports(tasks.size());
    const Parts parts = parts_of(tasks, cancelled, reports);
    if (parts.empty()) return reports;
    if (workshop.is_stopping || !parts.front().held.session->is_trusted()) {
        settle_all(parts, Report::Kind::released);
        return reports;
    }
    OpenTransaction transaction(workshop.connections);
    std::vector<Outcome> outcomes = call(workshop, run, parts, transaction);
    Parts done;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        Report& report = parts[i].report;
        report.kind = Report::Kind::ended;
        report.outcome = std::move(outcomes[i]);
        if (report.outcome.kind == Outcome::Kind::done) {
            done.push_back(parts[i]);
        } else if (transaction.lacks_session() && report.outcome.kind == Outcome::Kind::retry) {
            // It could not even begin: that is no failure of the handler's.
            report.outcome = snooze(std::chrono::seconds(1));
        }
    }
    if (!done.empty() && transaction.is_open()) complete_in(workshop, done, transaction);
    return reports;
}

}  // namespace baton::node
