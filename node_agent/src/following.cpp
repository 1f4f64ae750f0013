#include "following.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::node {
namespace {

using namespace std::chrono_literals;

constexpr int page_events = 500;
// What is rung for need not be looked for often.
constexpr std::chrono::seconds rung_pause{30};
constexpr std::chrono::seconds idle_connection{10};

bool ends_session(const Error& error) {
    return error.code() == ErrorCode::node_ended || error.code() == ErrorCode::machine_revoked ||
           error.code() == ErrorCode::environment_not_adopted;
}

bool is_of_a_bookmark(const Error& error) {
    return error.code() == ErrorCode::bookmark_cut || error.code() == ErrorCode::bookmark_lost;
}

std::size_t bytes_of(const sql::FollowedPage& page) {
    std::size_t bytes = 0;
    for (const sql::FollowedEvent& event : page.events) {
        bytes += event.payload.size() + event.body.size();
    }
    return bytes;
}

}  // namespace

Following::Following(const NodeOptions& options, const Followers& followers,
                     const std::shared_ptr<Workshop>& workshop)
    : options_(options) {
    bool all = false;
    const auto add = [&](const FollowerInfo& info, Followers::Run run) {
        all = all || info.types.empty();
        types_.insert(types_.end(), info.types.begin(), info.types.end());
        places_.push_back({std::make_unique<FollowerDesk>(info, std::move(run), workshop, [this] {
            const std::lock_guard lock(mutex_);
            has_changed_ = true;
            changed_.notify_all();
        })});
    };
    for (std::size_t i = 0; i < followers.infos().size(); ++i) {
        add(followers.infos()[i], followers.run(i));
    }
    if (!options.bus.global.empty()) {
        add({.name = "local bus", .types = options.bus.global},
            [&feed = workshop->globals](const StoredPayload& event, FollowContext& context) {
                feed.publish(event, context);
            });
        places_.back().begins = [&feed = workshop->globals](Position position) {
            feed.begin_after(position);
        };
    }
    std::ranges::sort(types_);
    types_.erase(std::unique(types_.begin(), types_.end()), types_.end());
    if (all) types_.clear();
    thread_ = std::thread([this] { work(); });
}

Following::~Following() {
    close();
    thread_.join();
}

void Following::follow_as(std::shared_ptr<LiveSession> session) {
    const std::lock_guard lock(mutex_);
    session_ = std::move(session);
    changed_.notify_all();
}

void Following::ring() {
    const std::lock_guard lock(mutex_);
    is_rung_ = true;
    changed_.notify_all();
}

void Following::note_listening(bool listens) {
    listens_ = listens;
    ring();
}

void Following::close() {
    for (const Place& place : places_) place.desk->close();
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
}

int Following::running() const {
    return static_cast<int>(
        std::ranges::count_if(places_, [](const Place& place) { return place.desk->is_busy(); }));
}

sql::Connection& Following::connection() {
    if (!connection_) {
        sql::ConnectOptions how = sql::session_options(options_.schema, "baton node follower");
        how.may_be_pooled = true;
        connection_.emplace(options_.url, how);
    }
    return *connection_;
}

void Following::work() {
    Backoff backoff(50ms, 5000ms);
    while (true) {
        std::shared_ptr<LiveSession> session;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return is_closed_ || session_ != nullptr; });
            if (is_closed_) return;
            session = session_;
        }
        try {
            serve(session);
            backoff.reset();
        } catch (const Error& error) {
            connection_.reset();
            if (!ends_session(error)) {
                log().warn("following the log: {}", with_code(error.code(), error.what()));
            }
            // The agent hears of an ended session by itself, and comes with another one.
            wait(Clock::now() + backoff.next(), session);
        } catch (const std::exception& error) {
            connection_.reset();
            log().error("following the log: {}", error.what());
            wait(Clock::now() + backoff.next(), session);
        }
    }
}

void Following::serve(const std::shared_ptr<LiveSession>& session) {
    while (true) {
        {
            const std::lock_guard lock(mutex_);
            if (is_closed_ || session_ != session) return;
            if (std::exchange(is_rung_, false) || Clock::now() >= next_look_) {
                for (Place& place : places_) place.is_dry = false;
                next_look_ = Clock::now() + (listens_ ? Clock::duration(rung_pause)
                                                      : Clock::duration(options_.poll));
            }
        }
        if (awaited_ != session) {
            session->node.await_events(connection());
            awaited_ = session;
            next_look_ = std::min(next_look_, Clock::now() + Clock::duration(options_.poll));
        }
        take_up(session);
        if (!read(session)) wait(wait_until(), session);
    }
}

// Those that have no bookmark ask for it; those that need none go on, whatever the session is.
void Following::take_up(const std::shared_ptr<LiveSession>& session) {
    const Clock::time_point now = Clock::now();
    for (Place& place : places_) {
        FollowerDesk& desk = *place.desk;
        if (!desk.is_durable()) {
            if (desk.is_going()) continue;
        } else if (desk.is_going() && desk.session() == session) {
            continue;
        }
        if (desk.is_durable() && desk.is_going()) desk.lose();
        if (now >= place.next_try) ask(place, session);
    }
}

void Following::ask(Place& place, const std::shared_ptr<LiveSession>& session) {
    FollowerDesk& desk = *place.desk;
    const FollowerInfo& info = desk.info();
    place.next_try = Clock::now() + std::min<Clock::duration>(options_.lease / 3, 2s);
    place.is_dry = false;
    if (!desk.is_durable()) {
        const Position begin =
            info.from > 0 ? Position(info.from - 1)
                          : session->node.read_follow(connection(), {}, std::nullopt, {}, 1).end;
        if (place.begins) place.begins(begin);
        desk.begin(session, "", begin);
        return;
    }
    try {
        const sql::HeldBookmark held =
            session->node.follow(connection(), {.name = info.bookmark,
                                                .types = info.types,
                                                .from = info.from,
                                                .lag_longest = info.lag_longest});
        if (!held.token.empty()) {
            place.is_told = false;
            desk.begin(session, held.token, held.position);
        } else if (!std::exchange(place.is_told, true)) {
            log_line(
                spdlog::level::info, "a follower stands by",
                {{"follower", info.name}, {"bookmark", info.bookmark}, {"held_by", held.held_by}});
        }
    } catch (const Error& error) {
        if (!is_of_a_bookmark(error) && error.code() != ErrorCode::task_invalid) throw;
        if (!std::exchange(place.is_told, true)) {
            log_line(spdlog::level::err, "a follower cannot go on",
                     {{"follower", info.name}, {"reason", error.what()}});
        }
    }
}

// Where the next read begins: where one is that has room, and for which there may be more. The one
// that is least far and the one that is farthest have it in turn, so that no backlog holds up those
// that have none.
std::optional<Position> Following::next_begin() {
    std::optional<Position> least;
    std::optional<Position> most;
    for (const Place& place : places_) {
        const FollowerDesk& desk = *place.desk;
        if (place.is_dry || !desk.is_going() || !desk.has_room()) continue;
        const Position given = desk.given();
        if (!least || given < *least) least = given;
        if (!most || given > *most) most = given;
    }
    takes_newest_ = !takes_newest_;
    return takes_newest_ ? most : least;
}

bool Following::read(const std::shared_ptr<LiveSession>& session) {
    const std::optional<Position> begin = next_begin();
    if (!begin) return false;
    std::vector<std::string> tokens;
    for (const Place& place : places_) {
        if (place.desk->is_going() && place.desk->is_durable()) {
            tokens.push_back(place.desk->token());
        }
    }
    PagePtr page;
    try {
        page = std::make_shared<const sql::FollowedPage>(
            session->node.read_follow(connection(), tokens, *begin, types_, page_events));
    } catch (const Error& error) {
        if (!is_of_a_bookmark(error)) throw;
        look_for_lost(session);
        return true;
    }
    constexpr std::size_t bytes_full = 1 << 20;
    const auto looked_at =
        static_cast<std::int64_t>(page->end) - static_cast<std::int64_t>(page->after);
    const bool is_end = looked_at < page_events && bytes_of(*page) < bytes_full;
    for (Place& place : places_) {
        FollowerDesk& desk = *place.desk;
        if (!desk.is_going() || !desk.has_room()) continue;
        desk.offer(page);
        if (is_end && desk.given() == page->end) place.is_dry = true;
    }
    return true;
}

// One of the bookmarks is not this node's any more: which?
void Following::look_for_lost(const std::shared_ptr<LiveSession>& session) {
    for (Place& place : places_) {
        FollowerDesk& desk = *place.desk;
        if (!desk.is_going() || !desk.is_durable()) continue;
        try {
            static_cast<void>(
                session->node.read_follow(connection(), {desk.token()}, desk.given(), {}, 1));
        } catch (const Error& error) {
            if (!is_of_a_bookmark(error)) throw;
            log_line(spdlog::level::warn, "a follower lost its bookmark",
                     {{"follower", desk.info().name}, {"reason", error.what()}});
            desk.lose();
        }
    }
}

Clock::time_point Following::wait_until() const {
    Clock::time_point until = next_look_;
    for (const Place& place : places_) {
        if (!place.desk->is_going()) until = std::min(until, place.next_try);
    }
    return until;
}

void Following::wait(Clock::time_point until, const std::shared_ptr<LiveSession>& session) {
    std::unique_lock lock(mutex_);
    const auto is_over = [&] {
        return is_closed_ || is_rung_ || has_changed_ || session_ != session;
    };
    const Clock::time_point idle = Clock::now() + idle_connection;
    if (!changed_.wait_until(lock, std::min(until, idle), is_over) && idle < until) {
        lock.unlock();
        connection_.reset();
        lock.lock();
        changed_.wait_until(lock, until, is_over);
    }
    has_changed_ = false;
}

}  // namespace baton::node
