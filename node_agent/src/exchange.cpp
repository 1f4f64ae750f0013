// What an agent says and asks in a cycle.
#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "agent.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::node {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> tokens_of(const std::vector<Report>& reports) {
    std::vector<std::string> tokens;
    tokens.reserve(reports.size());
    for (const Report& report : reports) tokens.push_back(report.held.task.token);
    return tokens;
}

// So that nodes that started together do not look together.
Clock::duration spread(Clock::duration pause) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::chrono::duration_cast<Clock::duration>(
        pause * std::uniform_real_distribution<>(0.75, 1.25)(random));
}

// What the database takes for a pause.
std::optional<std::chrono::milliseconds> usable(std::optional<std::chrono::milliseconds> pause) {
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 3600);
    if (pause) pause = std::clamp(*pause, 0ms, longest);
    return pause;
}

// The database did not take this result; it is not a lost session, nor somebody else's doing.
bool is_refused(const Error& error) {
    return !sql::is_passing(error) && (error.code() == ErrorCode::event_invalid ||
                                       error.code() == ErrorCode::event_too_large ||
                                       error.code() == ErrorCode::statement_failed);
}

}  // namespace

void Agent::sort_reports() {
    for (Report& report : workshop_->reports.take()) {
        // Where only so many may run at once, there is room once that is told: see fail().
        if (report.kind != Report::Kind::released) desks_[report.pool].next_look = {};
        if (report.kind == Report::Kind::settled || report.held.session != session_) {
            desks_[report.pool].pool->settle();
        } else if (report.kind == Report::Kind::released) {
            released_.push_back(std::move(report));
        } else {
            (report.outcome.kind == Outcome::Kind::done ? done_ : failed_)
                .push_back(std::move(report));
        }
    }
    for (std::vector<Report>* const reports : {&done_, &failed_, &released_}) {
        std::erase_if(*reports, [&](const Report& report) {
            if (report.held.session == session_) return false;
            desks_[report.pool].pool->settle();
            return true;
        });
    }
}

std::vector<std::string> Agent::started() const {
    constexpr std::chrono::milliseconds age{200};
    std::vector<std::string> tokens;
    for (const Desk& desk : desks_) {
        for (std::string& token : desk.pool->started(Clock::now() - age)) {
            tokens.push_back(std::move(token));
        }
    }
    return tokens;
}

// Says for which handlers it sleeps, before it looks once more: see await_tasks.sql. Who finds
// tasks at each look is awake; one task alone is not worth saying so.
void Agent::await_tasks(sql::Connection& connection) {
    if (!bell_) return;  // it would not hear, and others would not be rung in its place
    const bool is_rung = workshop_->reports.take_ring();
    const Clock::time_point now = Clock::now();
    std::vector<std::string> awaited;
    bool is_again = false;
    for (Desk& desk : desks_) {
        if (!desk.is_dry || desk.pool->appetite() == 0) continue;
        awaited.push_back(desk.pool->handler());
        if (is_rung) desk.next_look = {};
        // Its time has come without a ring: what was said may have been lost.
        is_again = is_again || (desk.next_look <= now && desk.next_look != Clock::time_point{});
    }
    if (awaited == awaited_ && !is_again) return;
    session_->node.await_tasks(connection, awaited);
    for (Desk& desk : desks_) {
        // Those whose time has not come look as well: the next time they do so together.
        if (is_again || std::ranges::find(awaited_, desk.pool->handler()) == awaited_.end()) {
            desk.next_look = {};
        }
    }
    awaited_ = std::move(awaited);
}

void Agent::exchange(sql::Connection& connection, bool claims) {
    const Clock::time_point now = Clock::now();
    const bool is_hungry = claims && std::ranges::any_of(desks_, [&](const Desk& desk) {
                               return desk.next_look <= now && desk.pool->appetite() > 0;
                           });
    const std::vector<std::string> begun = started();
    if (done_.empty() && begun.empty() && !is_hungry) return;

    const sql::NodeSession& node = session_->node;
    std::vector<sql::Completion> completed;
    std::vector<std::string> lost;
    std::vector<Claimed> claimed;
    bool is_committing = false;
    try {
        sql::Transaction transaction(connection);
        if (!done_.empty()) {
            std::vector<std::string> results;
            for (const Report& report : done_) results.push_back(report.outcome.result);
            completed = node.complete_many(transaction, tokens_of(done_), results);
        }
        if (!begun.empty()) lost = node.start_many(transaction, begun);
        if (claims) claimed = claim(transaction);
        is_committing = true;
        transaction.commit();
    } catch (const Error& error) {
        if (error.code() == ErrorCode::outcome_unknown) {
            for (const Claimed& claim : claimed) {
                for (const sql::ClaimedTask& task : claim.tasks) {
                    doubtful_[task.token] = Clock::now() + options_.lease;
                }
            }
        }
        if (is_committing || done_.empty() || !is_refused(error)) throw;
        return complete_apart(connection);
    }
    note_completed(completed);
    for (const Desk& desk : desks_) {
        desk.pool->note_told(begun);
        for (const std::string& token : lost) desk.pool->cancel(token);
    }
    take_in(std::move(claimed));
}

std::vector<Agent::Claimed> Agent::claim(sql::Transaction& transaction) {
    std::vector<Claimed> claimed;
    const Clock::time_point now = Clock::now();
    for (std::size_t pool = 0; pool < desks_.size(); ++pool) {
        const Desk& desk = desks_[pool];
        const auto ended = static_cast<std::size_t>(std::ranges::count(done_, pool, &Report::pool));
        const int asked = desk.next_look <= now ? desk.pool->appetite(ended) : 0;
        if (asked == 0) continue;
        claimed.push_back(
            {pool, asked, session_->node.claim(transaction, desk.pool->handler(), asked)});
    }
    return claimed;
}

void Agent::take_in(std::vector<Claimed> claimed) {
    for (Claimed& claim : claimed) {
        Desk& desk = desks_[claim.pool];
        const bool is_awaited = std::ranges::find(awaited_, desk.pool->handler()) != awaited_.end();
        desk.full_hands = claim.tasks.empty() ? 0 : desk.full_hands + 1;
        desk.is_dry = claim.tasks.empty() || (is_awaited && desk.full_hands < 2);
        const bool is_asleep = claim.tasks.empty() && (is_awaited || !bell_);
        const bool is_listening = bell_ && bell_->is_listening();
        if (!is_asleep || !is_listening) desk.pauses.reset();
        desk.next_look = !is_asleep     ? Clock::time_point{}
                         : is_listening ? Clock::now() + desk.pauses.next()
                                        : Clock::now() + spread(options_.poll);
        std::vector<Held> held;
        held.reserve(claim.tasks.size());
        for (sql::ClaimedTask& task : claim.tasks) held.push_back({std::move(task), session_});
        desk.pool->offer(std::move(held));
    }
}

void Agent::note_completed(const std::vector<sql::Completion>& outcomes) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const Report& report = done_[i];
        if (outcomes[i] == sql::Completion::lost) {
            log_line(
                spdlog::level::warn, "a task was done, but was this node's no more",
                {{"task", report.held.task.id}, {"handler", desks_[report.pool].pool->handler()}});
        }
        desks_[report.pool].pool->settle();
    }
    done_.clear();
}

// One of them was refused, and took the others with it.
void Agent::complete_apart(sql::Connection& connection) {
    while (!done_.empty() && Clock::now() < next_heartbeat_) {
        Report& report = done_.back();
        try {
            sql::Transaction transaction(connection);
            session_->node.complete_many(transaction, {report.held.task.token},
                                         {report.outcome.result});
            transaction.commit();
            desks_[report.pool].pool->settle();
        } catch (const Error& error) {
            if (!is_refused(error)) throw;
            report.outcome = dead_letter(std::string("its result was refused: ") + error.what());
            failed_.push_back(std::move(report));
        }
        done_.pop_back();
    }
}

void Agent::fail(sql::Connection& connection) {
    // Each is a transaction of its own; the sign of life comes before the rest of them.
    while (!failed_.empty() && Clock::now() < next_heartbeat_) {
        const Report& report = failed_.back();
        const sql::ClaimedTask& task = report.held.task;
        const Outcome& outcome = report.outcome;
        try {
            if (outcome.kind == Outcome::Kind::later) {
                session_->node.snooze(connection, task.token, usable(outcome.pause).value_or(0ms));
            } else if (outcome.kind == Outcome::Kind::called) {
                session_->node.await_callback(connection, task.token, outcome.callback,
                                              outcome.pause.value_or(0ms));
            } else {
                tell_failure(connection, report);
            }
        } catch (const Error& error) {
            if (error.code() != ErrorCode::claim_lost) throw;
        }
        desks_[report.pool].pool->settle();
        desks_[report.pool].next_look = {};  // the look before this came too early
        failed_.pop_back();
    }
}

void Agent::tell_failure(sql::Connection& connection, const Report& report) {
    const Outcome& outcome = report.outcome;
    const bool is_dead = session_->node.fail(connection, report.held.task.token,
                                             {.error = outcome.reason,
                                              .retry_after = usable(outcome.pause),
                                              .is_final = outcome.kind == Outcome::Kind::dead});
    log_line(is_dead ? spdlog::level::warn : spdlog::level::info,
             is_dead ? "task is dead" : "task failed, and is tried again",
             {{"task", report.held.task.id},
              {"handler", desks_[report.pool].pool->handler()},
              {"attempt", report.held.task.attempt},
              {"reason", outcome.reason}});
}

// What handlers said while they run. Of what is refused nothing follows but a line in the log.
void Agent::tell(sql::Connection& connection) {
    if (workshop_->sayings.empty() || Clock::now() < next_telling_) return;
    for (const auto& [token, saying] : workshop_->sayings.take()) {
        if (saying.session != session_) continue;
        try {
            if (saying.longer) session_->node.extend(connection, token, *saying.longer);
            if (saying.progress) session_->node.progress(connection, token, *saying.progress);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::claim_lost) {
                for (const Desk& desk : desks_) desk.pool->cancel(token);
            } else if (is_refused(error)) {
                log_line(spdlog::level::warn, "what a handler said of its progress was refused",
                         {{"token", token}, {"reason", error.what()}});
            } else {
                throw;
            }
        }
    }
    // Of what comes within a second of the last, by its own clock, the database notes nothing.
    next_telling_ = Clock::now() + 1100ms;
}

// What this node found of its endpoints goes to the others, and the other way round.
void Agent::sync_endpoints(sql::Connection& connection) {
    constexpr std::chrono::seconds pause{1};
    if (Clock::now() < next_sync_) return;
    std::vector<sql::EndpointStanding> news;
    std::map<std::string_view, EndpointGate*> gates;
    for (const Desk& desk : desks_) {
        if (!desk.pool->gate()) continue;
        sql::EndpointStanding& told = news.emplace_back();
        told.handler = desk.pool->handler();
        gates[desk.pool->handler()] = desk.pool->gate().get();
        if (const auto found = desk.pool->gate()->take_news()) {
            told.state = name_of(found->state);
            told.left = found->left;
            told.reason = found->reason;
        }
    }
    next_sync_ = Clock::now() + pause;
    if (news.empty()) return;
    try {
        for (const auto& known : session_->node.sync_endpoints(connection, news)) {
            const auto gate = gates.find(known.handler);
            if (gate == gates.end()) continue;
            gate->second->learn(gate_state_named(known.state), known.left);
        }
    } catch (...) {
        for (const sql::EndpointStanding& told : news) {
            if (!told.state.empty()) gates[told.handler]->tell_again();
        }
        throw;
    }
}

void Agent::release(sql::Connection& connection) {
    for (std::size_t pool = 0; pool < desks_.size(); ++pool) {
        for (Held& held : desks_[pool].pool->give_way()) {
            released_.push_back(
                {.kind = Report::Kind::released, .pool = pool, .held = std::move(held)});
        }
    }
    std::erase_if(doubtful_, [](const auto& entry) { return entry.second < Clock::now(); });
    std::vector<std::string> tokens = tokens_of(released_);
    if (Clock::now() >= next_release_) {
        for (const auto& [token, until] : doubtful_) tokens.push_back(token);
        next_release_ = Clock::now() + 1s;
    }
    if (tokens.empty()) return;
    session_->node.release_many(connection, tokens);
    for (const Report& report : released_) desks_[report.pool].pool->settle();
    released_.clear();
}

}  // namespace baton::node
