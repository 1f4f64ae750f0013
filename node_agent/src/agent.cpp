#include "agent.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "carried.hpp"

namespace baton::node {
namespace {

constexpr std::chrono::seconds maintenance_pause{1};

// Between looks for tasks, where somebody rings when there are some.
std::chrono::milliseconds longest_pause(std::chrono::milliseconds poll) {
    return std::max<std::chrono::milliseconds>(
        poll, std::min<std::chrono::milliseconds>(30 * poll, std::chrono::seconds(60)));
}

std::string list_of(const std::vector<sql::CarriedHandler>& handlers) {
    std::string list;
    for (const sql::CarriedHandler& handler : handlers) {
        list += (list.empty() ? "" : ", ") + handler.name + "@" + std::to_string(handler.version);
    }
    return list;
}

// A pooler will do.
sql::ConnectOptions connecting(const std::string& schema) {
    sql::ConnectOptions options = sql::session_options(schema, "baton node");
    options.may_be_pooled = true;
    return options;
}

}  // namespace

Agent::Agent(NodeOptions options, const Handlers& handlers, const Followers& followers)
    : options_(std::move(options)),
      loop_(options_.url, connecting(options_.schema), "work"),
      workshop_(std::make_shared<Workshop>(options_)),
      carried_(carried_by(handlers, options_.program)) {
    if (carried_.empty() && followers.infos().empty()) {
        throw Error(ErrorCode::handler_invalid,
                    "a node without a handler has nothing to do; App::add() adds one, or "
                    "[[handler]] in the environment's file");
    }
    require_topics(options_.bus.global);
    std::map<std::string, Runners> runners;
    std::map<std::string, int> threads;
    for (std::size_t i = 0; i < handlers.infos().size(); ++i) {
        const HandlerInfo& info = handlers.infos()[i];
        runners[info.name][info.version] = {handlers.run(i), handlers.run_batch(i),
                                            static_cast<std::size_t>(info.batch),
                                            handlers.apart(i)};
        threads[info.name] = std::max(threads[info.name], info.threads);
    }
    for (const auto& [name, by_version] : runners) {
        desks_.push_back({.pool = std::make_unique<Pool>(desks_.size(), name, by_version,
                                                         threads[name], workshop_),
                          .pauses = Backoff(options_.poll, longest_pause(options_.poll))});
    }
    if (!followers.infos().empty() || !options_.bus.global.empty()) {
        following_ = std::make_unique<Following>(options_, followers, workshop_);
    }
}

void Agent::run() {
    try {
        loop_.run([this](sql::Connection& connection) { work(connection); });
    } catch (...) {
        if (session_) leave_anew();
        throw;
    }
    if (session_) leave_anew();
}

void Agent::stop() noexcept {
    // run() may return, and this object go, as soon as the loop is stopped.
    const std::shared_ptr<Workshop> workshop = workshop_;
    workshop->is_stopping = true;
    loop_.stop();
    workshop->reports.wake();
}

std::size_t Agent::held() const {
    std::size_t held = 0;
    for (const Desk& desk : desks_) held += desk.pool->held();
    return held;
}

int Agent::running() const {
    int running = 0;
    for (const Desk& desk : desks_) running += desk.pool->running();
    return running + (following_ ? following_->running() : 0);
}

void Agent::work(sql::Connection& connection) {
    // Whoever holds a lock for long must not cost the node its lease. (A pooler's sessions are not
    // this node's to set.)
    if (!connection.is_pooled())
        connection.exec("set lock_timeout = '" + std::to_string(options_.lease.count() / 6) +
                        "ms'");
    while (!loop_.stopping()) {
        try {
            if (!session_) register_node(connection);
            const Clock::time_point latest = cycle(connection, true);
            if (!loop_.stopping()) workshop_->reports.wait(earliest_, latest, held() / 2);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::node_ended) throw;
            forget_session(error.what());
            // Whatever ends sessions at once must not be asked for the next one at once.
            constexpr std::chrono::milliseconds pause{200};
            workshop_->reports.wait(Clock::now() + pause, Clock::now() + pause);
        }
    }
    if (session_) leave(connection);
}

void Agent::register_node(sql::Connection& connection) {
    const Clock::time_point begun = Clock::now();
    auto session = std::make_shared<LiveSession>(
        sql::NodeSession(connection, {.name = options_.name,
                                      .handlers = carried_,
                                      .labels = options_.labels,
                                      .lease = options_.lease,
                                      .credentials = options_.credentials}),
        begun + options_.lease);
    define_workflows(connection, options_.workflows);
    next_heartbeat_ = begun + options_.lease / 3;
    awaited_.clear();
    for (Desk& desk : desks_) desk.next_look = {};
    if (!connection.is_pooled()) {
        bell_ = std::make_unique<Bell>(
            options_.url, options_.schema, session->node.await_tasks(connection, awaited_),
            workshop_, following_.get(), following_ ? session->node.await_events(connection) : "");
    }
    session_ = std::move(session);
    if (following_) following_->follow_as(session_);
    loop_.had_all_rights();
    is_registered_ = true;
    log_line(
        spdlog::level::info, "node registered",
        {{"schema", options_.schema}, {"node", options_.name}, {"handlers", list_of(carried_)}});
    if (connection.is_pooled()) {
        log().info(
            "the connection leads through a pooler, where nobody can be rung: the node looks "
            "for tasks every {} ms (node.poll_ms)",
            options_.poll.count());
    }
}

// What it held is with others by now: what waits is dropped, what runs is told.
void Agent::forget_session(const std::string& reason) {
    log().warn("{}", with_code(ErrorCode::node_ended, reason));
    end_session();
    doubtful_.clear();
    for (const Desk& desk : desks_) {
        for (std::size_t i = desk.pool->take_back().size(); i > 0; --i) desk.pool->settle();
    }
    sort_reports();
}

// What nobody has begun with.
void Agent::take_back() {
    workshop_->is_stopping = true;
    for (std::size_t pool = 0; pool < desks_.size(); ++pool) {
        for (Held& held : desks_[pool].pool->take_back()) {
            released_.push_back(
                {.kind = Report::Kind::released, .pool = pool, .held = std::move(held)});
        }
    }
}

// Hands back what nobody has begun with, waits for what runs, and says good-bye.
void Agent::leave(sql::Connection& connection) {
    const Clock::time_point deadline = Clock::now() + options_.stop_patience;
    take_back();
    if (following_) following_->close();
    try {
        for (;;) {
            const bool is_last = running() == 0 || Clock::now() >= deadline;
            const Clock::time_point latest = cycle(connection, false);
            if (is_last) break;
            workshop_->reports.wait(earliest_, std::min(latest, deadline));
        }
        const std::int64_t returned = session_->node.deregister(connection);
        log_line(spdlog::level::info, "node left",
                 {{"schema", options_.schema}, {"node", options_.name}, {"returned", returned}});
    } catch (const Error& error) {
        if (error.code() != ErrorCode::node_ended) throw;
    }
    end_session();
}

void Agent::end_session() {
    bell_.reset();
    if (following_) following_->follow_as(nullptr);
    session_->end();
    session_.reset();
    is_registered_ = false;
}

// The connection was lost, or what ended the work was no fault of it: one try on a new one.
void Agent::leave_anew() {
    take_back();
    try {
        sql::Connection connection(options_.url, connecting(options_.schema));
        leave(connection);
    } catch (const Error& error) {
        log().warn("what this node holds goes back when its lease is over: {}",
                   with_code(error.code(), error.what()));
    }
}

Clock::time_point Agent::cycle(sql::Connection& connection, bool claims) {
    const Clock::time_point begun = Clock::now();
    if (begun >= next_heartbeat_) heartbeat(connection);
    sort_reports();
    sync_endpoints(connection);  // before a claim: who has just come does not know either
    if (claims) await_tasks(connection);
    exchange(connection, claims);
    fail(connection);
    release(connection);
    tell(connection);
    if (claims && !others_maintain_ && Clock::now() >= next_maintenance_) maintain(connection);
    constexpr std::chrono::seconds idle_max{10};
    workshop_->connections.close_idle(begun - idle_max);
    // What ends meanwhile is told together: half of the time is left to that, or until half of what
    // the pools hold has ended.
    const Clock::time_point ended = Clock::now();
    earliest_ = ended + (ended - begun);
    return next_cycle(claims);
}

void Agent::heartbeat(sql::Connection& connection) {
    const Clock::time_point sent = Clock::now();
    const sql::Heard heard = session_->node.heartbeat(connection);
    for (const std::string& token : heard.tokens) {
        for (const Desk& desk : desks_) desk.pool->cancel(token);
    }
    // Whoever did is not believed dead before the others hear this.
    if (heard.is_unmaintained) others_maintain_ = false;
    session_->trust_until(sent + options_.lease);
    next_heartbeat_ = sent + options_.lease / 3;
}

// One of many nodes does it; each of the others would only see that.
void Agent::maintain(sql::Connection& connection) {
    const sql::Maintained maintained = sql::maintain(connection);
    others_maintain_ = maintained == sql::Maintained::by_others;
    next_maintenance_ = Clock::now();
    if (maintained != sql::Maintained::is_behind) next_maintenance_ += maintenance_pause;
}

Clock::time_point Agent::next_cycle(bool claims) const {
    constexpr std::chrono::milliseconds step{200};
    const Clock::time_point now = Clock::now();
    Clock::time_point next = next_heartbeat_;
    if (claims && !others_maintain_) next = std::min(next, next_maintenance_);
    if (!workshop_->sayings.empty()) next = std::min(next, std::max(now, next_telling_));
    if (!doubtful_.empty()) next = std::min(next, now + maintenance_pause);
    for (const Desk& desk : desks_) {
        if (desk.pool->has_untold()) next = std::min(next, now + step);
        if (claims && desk.pool->appetite() > 0) next = std::min(next, desk.next_look);
    }
    return next;
}

}  // namespace baton::node
