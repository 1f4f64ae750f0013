#include "task_run.hpp"

#include <algorithm>
#include <optional>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/node_agent/set_member.hpp"
#include "baton/sql/failure.hpp"
#include "task_transaction.hpp"

namespace baton::node {

std::string reason_of_failure() {
    try {
        sql::rethrow_translated(nullptr);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "the handler threw something that is no std::exception";
    }
}

namespace {

// What the handler of a set's member asks for, and what it made.
class SetWork {
public:
    SetWork(const Held& held, OpenTransaction& transaction)
        : held_(held), transaction_(transaction) {}

    SetMember& open() {
        if (member_) return *member_;
        const sql::SetMembership of =
            held_.session->node.member_of(transaction_.open(), held_.task.token);
        return member_.emplace(
            SetMember::Of{of.set, of.key, of.member, of.input_position},
            SetMember::Doors{
                .read_log = [this](const auto& types, const auto& each) { read_log(types, each); },
                .read_view =
                    [this](std::string_view view) {
                        return held_.session->node.read_set_view(transaction_.open(),
                                                                 held_.task.token, view);
                    }});
    }
    [[nodiscard]] sql::MemberResults made() const {
        if (!member_) return {};
        return {member_->rows_json(), member_->events_json(), member_->tasks_json()};
    }

private:
    void read_log(const std::vector<std::string>& types,
                  const std::function<void(const SetMember::StoredEvent&)>& each) {
        constexpr int page = 1000;
        Position after{};
        while (true) {
            const std::vector<sql::SetEvent> events = held_.session->node.read_set_log(
                transaction_.open(), held_.task.token, after, page, types);
            if (events.empty()) return;
            for (const sql::SetEvent& event : events) {
                if (std::ranges::find(types, event.type) == types.end()) continue;
                each({event.position,
                      event.type,
                      {.content = {event.payload, event.body, event.content_type},
                       .schema_version = event.schema_version}});
            }
            after = events.back().position;
        }
    }

    const Held& held_;
    OpenTransaction& transaction_;
    std::optional<SetMember> member_;
};

Outcome call(Workshop& workshop, const Handlers::Run& run, const Held& held,
             const CancelFlag& cancelled, OpenTransaction& transaction, SetWork& set,
             TaskTrail& trail) {
    const sql::ClaimedTask& task = held.task;
    const auto is_lost = [&] { return *cancelled || !held.session->is_trusted(); };
    const auto say = [&](Saying saying) {
        if (workshop.sayings.say(held, std::move(saying))) workshop.reports.wake();
    };
    TaskContext context(
        {.id = task.id,
         .version = task.version,
         .attempt = task.attempt,
         .delivery = task.delivery,
         .tenant = task.tenant,
         .meta = task.meta,
         .in_set = task.in_set},
        workshop.environment,
        {.transaction = [&]() -> pqxx::dbtransaction& { return transaction.open().raw(); },
         .is_cancelled = [&] { return workshop.is_stopping || is_lost(); },
         .is_lost = is_lost,
         .set = [&]() -> SetMember& { return set.open(); },
         .promote = workshop.promote,
         .bus_opened =
             [&](Bus& bus) {
                 return std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<void>>>(
                     trail.follow(bus), workshop.globals.attach(bus));
             },
         .progress = [&](std::string json) { say({.progress = std::move(json)}); },
         .extend = [&](std::chrono::milliseconds time) { say({.longer = time}); }});
    try {
        return run({.content = {task.payload, task.body, task.content_type},
                    .schema_version = task.schema_version},
                   context);
    } catch (const Error& error) {
        // Its set waits for it no more; maintain() is about to cancel it.
        if (error.code() == ErrorCode::claim_lost) return snooze(std::chrono::seconds(1));
        return retry(error.what());
    } catch (...) {
        return retry(reason_of_failure("the handler"));
    }
}

// Whether a COMMIT without an answer was one: then the task is done, under this very claim.
enum class Doubt : std::uint8_t { was_committed, was_not, is_lost, stays };

Doubt look_into(Workshop& workshop, const Held& held, const std::string& result) {
    try {
        const std::optional<bool> is_first =
            ask_after_commit(workshop.connections, *held.session, [&](sql::Transaction& asking) {
                return held.session->node.complete(asking, held.task.token, result);
            });
        if (!is_first) return Doubt::stays;
        return *is_first ? Doubt::was_not : Doubt::was_committed;
    } catch (const Error&) {
        return Doubt::is_lost;
    }
}

// Commits what the handler wrote, or made for its set, together with the task's end.
Report::Kind complete_in(Workshop& workshop, const Held& held, Outcome& outcome,
                         OpenTransaction& open, const SetWork& set) {
    try {
        sql::Transaction& transaction = open.open();
        const sql::NodeSession& node = held.session->node;
        const std::string& token = held.task.token;
        if (held.task.in_set ? node.complete_member(transaction, token, outcome.result, set.made())
                             : node.complete(transaction, token, outcome.result)) {
            transaction.commit();
        }
        return Report::Kind::settled;
    } catch (const Error& error) {
        switch (error.code()) {
            case ErrorCode::claim_lost:
            case ErrorCode::node_ended:
                log_line(spdlog::level::warn, "what a handler wrote was rolled back",
                         {{"task", held.task.id}, {"reason", error.what()}});
                return Report::Kind::settled;
            case ErrorCode::outcome_unknown:
                switch (look_into(workshop, held, outcome.result)) {
                    case Doubt::was_not:
                        outcome = retry("its COMMIT had no answer, and did not happen");
                        return Report::Kind::ended;
                    case Doubt::stays:  // to release what was committed changes nothing
                        return Report::Kind::released;
                    case Doubt::was_committed:
                    case Doubt::is_lost:
                        return Report::Kind::settled;
                }
                return Report::Kind::settled;
            default:
                outcome = retry(error.what());
                return Report::Kind::ended;
        }
    } catch (const std::exception& error) {  // what the handler has done to the session
        outcome = retry(error.what());
        return Report::Kind::ended;
    }
}

}  // namespace

std::string reason_of_failure(std::string_view who) {
    try {
        sql::rethrow_translated(nullptr);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return std::string(who) + " threw something that is no std::exception";
    }
}

Report run_task(Workshop& workshop, const Handlers::Run& run, const Held& held,
                const CancelFlag& cancelled) noexcept {
    Report report;
    if (*cancelled) return report;
    // Its lease may be over, so that somebody else has it; or not, so that nobody would have it.
    if (workshop.is_stopping || !held.session->is_trusted()) {
        report.kind = Report::Kind::released;
        return report;
    }
    OpenTransaction transaction(workshop.connections);
    SetWork set(held, transaction);
    TaskTrail trail(workshop.keeping, held.task.tenant);
    report.outcome = call(workshop, run, held, cancelled, transaction, set, trail);
    report.kind = Report::Kind::ended;
    if (report.outcome.kind != Outcome::Kind::done && transaction.lacks_session()) {
        // It could not even begin: that is no failure of the handler's.
        report.outcome = snooze(std::chrono::seconds(1));
    }
    if (report.outcome.kind == Outcome::Kind::done && (transaction.is_open() || held.task.in_set)) {
        report.kind = complete_in(workshop, held, report.outcome, transaction, set);
    }
    if (report.kind == Report::Kind::ended && !*cancelled) trail.add_to(report.outcome);
    return report;
}

}  // namespace baton::node
