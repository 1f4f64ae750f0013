#include "task_run.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "after_commit.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/node_agent/set_member.hpp"
#include "baton/sql/failure.hpp"

namespace baton::node {

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

struct TaskRun::Inside {
    Inside(Workshop& of, const Held& task, CancelFlag flag)
        : workshop(of),
          held(task),
          cancelled(std::move(flag)),
          transaction(workshop.connections),
          set(held, transaction),
          trail(workshop.keeping, held.task.tenant),
          payload{.content = {held.task.payload, held.task.body, held.task.content_type},
                  .schema_version = held.task.schema_version},
          context(std::in_place,
                  TaskContext::Task{.id = held.task.id,
                                    .version = held.task.version,
                                    .attempt = held.task.attempt,
                                    .delivery = held.task.delivery,
                                    .tenant = held.task.tenant,
                                    .meta = held.task.meta,
                                    .in_set = held.task.in_set},
                  workshop.environment, doors()) {}

    [[nodiscard]] bool is_lost() const { return *cancelled || !held.session->is_trusted(); }
    void say(Saying saying) const {
        if (workshop.sayings.say(held, std::move(saying))) workshop.reports.wake();
    }
    [[nodiscard]] TaskContext::Doors doors() {
        return {
            .transaction = [this]() -> pqxx::dbtransaction& { return transaction.open().raw(); },
            .is_cancelled = [this] { return workshop.is_stopping || is_lost(); },
            .is_lost = [this] { return is_lost(); },
            .set = [this]() -> SetMember& { return set.open(); },
            .promote = workshop.promote,
            .bus_opened =
                [this](Bus& bus) {
                    return std::make_shared<
                        std::pair<std::shared_ptr<void>, std::shared_ptr<void>>>(
                        trail.follow(bus), workshop.globals.attach(bus));
                },
            .progress = [this](std::string json) { say({.progress = std::move(json)}); },
            .extend = [this](std::chrono::milliseconds time) { say({.longer = time}); },
            .now = workshop.now};
    }

    Workshop& workshop;
    const Held& held;
    const CancelFlag cancelled;
    OpenTransaction transaction;
    SetWork set;
    TaskTrail trail;
    const StoredPayload payload;
    std::optional<TaskContext> context;  // until the handler has ended
};

TaskRun::TaskRun(Workshop& workshop, const Held& held, CancelFlag cancelled)
    : inside_(std::make_unique<Inside>(workshop, held, std::move(cancelled))) {}

TaskRun::~TaskRun() = default;

std::optional<Report> TaskRun::reason_not_to_begin() const {
    if (*inside_->cancelled) return Report{};
    // Its lease may be over, so that somebody else has it; or not, so that nobody would have it.
    if (inside_->workshop.is_stopping || !inside_->held.session->is_trusted()) {
        return Report{.kind = Report::Kind::released};
    }
    return std::nullopt;
}

Outcome TaskRun::run(const Handlers::Run& run) noexcept {
    try {
        return run(inside_->payload, *inside_->context);
    } catch (const Error& error) {
        // Its set waits for it no more; maintain() is about to cancel it.
        if (error.code() == ErrorCode::claim_lost) return snooze(std::chrono::seconds(1));
        return retry(error.what());
    } catch (...) {
        return retry(reason_of_failure("the handler"));
    }
}

void TaskRun::begin(const Apart& apart, std::function<void(Outcome)> ended) {
    apart.begin(inside_->payload, *inside_->context, std::move(ended));
}

Report TaskRun::finish(Outcome outcome) noexcept {
    inside_->context.reset();
    Report report{.kind = Report::Kind::ended};
    report.outcome = std::move(outcome);
    const OpenTransaction& transaction = inside_->transaction;
    const bool is_in_set = inside_->held.task.in_set;
    if (report.outcome.kind != Outcome::Kind::done && transaction.lacks_session()) {
        // It could not even begin: that is no failure of the handler's.
        report.outcome = snooze(std::chrono::seconds(1));
    }
    if (report.outcome.kind == Outcome::Kind::done && (transaction.is_open() || is_in_set)) {
        report.kind = complete_in(inside_->workshop, inside_->held, report.outcome,
                                  inside_->transaction, inside_->set);
    }
    if (report.kind == Report::Kind::ended && !*inside_->cancelled) {
        inside_->trail.add_to(report.outcome);
    }
    return report;
}

}  // namespace baton::node
