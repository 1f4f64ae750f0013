// What an agent says and asks in a cycle.
#include <algorithm>
#include <random>
#include <utility>

#include "agent.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::node {
namespace {

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

// The database did not take this result; it is not a lost session, nor somebody else's doing.
bool is_refused(const Error& error) {
    return error.code() == ErrorCode::event_invalid || error.code() == ErrorCode::event_too_large ||
           error.code() == ErrorCode::statement_failed;
}

}  // namespace

void Agent::sort_reports() {
    for (Report& report : workshop_->reports.take()) {
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
        const bool is_all = std::cmp_less(claim.tasks.size(), claim.asked);
        desk.next_look = is_all ? Clock::now() + spread(options_.poll) : Clock::time_point{};
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
    while (!done_.empty()) {
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
    while (!failed_.empty()) {
        const Report& report = failed_.back();
        const sql::ClaimedTask& task = report.held.task;
        const Outcome& outcome = report.outcome;
        try {
            const bool is_dead =
                session_->node.fail(connection, task.token,
                                    {.error = outcome.reason,
                                     .retry_after = outcome.pause,
                                     .is_final = outcome.kind == Outcome::Kind::dead});
            log_line(is_dead ? spdlog::level::warn : spdlog::level::info,
                     is_dead ? "task is dead" : "task failed, and is tried again",
                     {{"task", task.id},
                      {"handler", desks_[report.pool].pool->handler()},
                      {"attempt", task.attempt},
                      {"reason", outcome.reason}});
        } catch (const Error& error) {
            if (error.code() != ErrorCode::claim_lost) throw;
        }
        desks_[report.pool].pool->settle();
        failed_.pop_back();
    }
}

void Agent::release(sql::Connection& connection) {
    std::erase_if(doubtful_, [](const auto& entry) { return entry.second < Clock::now(); });
    std::vector<std::string> tokens = tokens_of(released_);
    for (const auto& [token, until] : doubtful_) tokens.push_back(token);
    if (tokens.empty()) return;
    session_->node.release_many(connection, tokens);
    for (const Report& report : released_) desks_[report.pool].pool->settle();
    released_.clear();
}

}  // namespace baton::node
