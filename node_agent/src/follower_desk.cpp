#include "follower_desk.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"

namespace baton::node {
namespace {

using namespace std::chrono_literals;

// Where a bookmark moves past events that are not its follower's, it need not be told of each.
constexpr std::chrono::seconds marking_pause{5};
constexpr std::int64_t marking_distance = 10'000;
// So many events share a transaction.
constexpr int events_together = 100;

// What a follower threw, and the log has.
struct Told {};

FollowContext::Of of(const sql::FollowedEvent& event) {
    return {.position = event.position,
            .id = event.id,
            .type = event.type,
            .key = event.key,
            .tenant = event.tenant,
            .meta = event.meta,
            .dispatched_at = event.dispatched_at};
}

}  // namespace

FollowerDesk::FollowerDesk(FollowerInfo info, Followers::Run run,
                           const std::shared_ptr<Workshop>& workshop,
                           std::function<void()> changed) {
    state_->info = std::move(info);
    state_->run = std::move(run);
    state_->workshop = workshop;
    state_->changed = std::move(changed);
    thread_ = std::thread([state = state_] { work(state); });
}

FollowerDesk::~FollowerDesk() {
    close();
    if (is_busy()) {
        thread_.detach();
    } else {
        thread_.join();
    }
}

void FollowerDesk::begin(std::shared_ptr<LiveSession> session, std::string token,
                         Position position) {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.clear();
    state_->stand = {.session = std::move(session),
                     .token = std::move(token),
                     .done = position,
                     .marked = position,
                     .generation = state_->stand.generation + 1};
    state_->given = position;
    state_->is_going = true;
    state_->wakes.notify_all();
}

void FollowerDesk::lose() {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.clear();
    ++state_->stand.generation;
    state_->is_going = false;
}

bool FollowerDesk::is_going() const {
    const std::lock_guard lock(state_->mutex);
    return state_->is_going && !state_->is_closed;
}

std::shared_ptr<LiveSession> FollowerDesk::session() const {
    const std::lock_guard lock(state_->mutex);
    return state_->stand.session;
}

std::string FollowerDesk::token() const {
    const std::lock_guard lock(state_->mutex);
    return state_->stand.token;
}

bool FollowerDesk::has_room() const {
    constexpr std::size_t pages_max = 2;
    const std::lock_guard lock(state_->mutex);
    return state_->waiting.size() < pages_max;
}

Position FollowerDesk::given() const {
    const std::lock_guard lock(state_->mutex);
    return state_->given;
}

void FollowerDesk::offer(const PagePtr& page) {
    const std::lock_guard lock(state_->mutex);
    if (!state_->is_going || page->after > state_->given || page->end <= state_->given) return;
    state_->waiting.push_back(page);
    state_->given = page->end;
    state_->wakes.notify_all();
}

void FollowerDesk::close() {
    const std::lock_guard lock(state_->mutex);
    state_->is_closed = true;
    state_->wakes.notify_all();
}

bool FollowerDesk::is_busy() const {
    const std::lock_guard lock(state_->mutex);
    return state_->is_busy;
}

void FollowerDesk::work(const std::shared_ptr<State>& state) {
    Backoff backoff(100ms, 30'000ms);
    bool careful = false;  // it failed: one event at a time
    std::unique_lock lock(state->mutex);
    while (true) {
        const auto has_work = [&] {
            return state->is_closed || (state->is_going && !state->waiting.empty());
        };
        const bool is_behind = state->is_going && state->stand.marked < state->stand.done;
        if (!is_behind) {
            state->wakes.wait(lock, has_work);
        } else {
            state->wakes.wait_for(lock, marking_pause, has_work);
        }
        if (state->is_closed) return;
        Stand stand = state->stand;
        // Without a page: only the bookmark is behind.
        static const auto nothing = std::make_shared<const sql::FollowedPage>();
        const PagePtr page = state->waiting.empty() ? nothing : state->waiting.front();
        state->is_busy = true;

        lock.unlock();
        const End end = take_page(*state, stand, *page, careful);
        lock.lock();

        state->is_busy = false;
        if (state->is_closed) return;  // whoever waited for room may be gone
        if (state->stand.generation != stand.generation) continue;
        state->stand = stand;
        if (end == End::lost) {
            state->is_going = false;
            state->waiting.clear();
        } else if (end == End::failed) {
            state->wakes.wait_for(lock, backoff.next(), [&] {
                return state->is_closed || state->stand.generation != stand.generation;
            });
            continue;
        } else if (stand.done >= page->end && page != nothing) {
            state->waiting.pop_front();
            backoff.reset();
        }
        lock.unlock();
        state->changed();
        lock.lock();
    }
}

bool FollowerDesk::is_over(const State& state, const Stand& stand) {
    if (!stand.token.empty() && !stand.session->is_trusted()) return true;
    const std::lock_guard lock(state.mutex);
    return state.is_closed || state.stand.generation != stand.generation;
}

FollowerDesk::End FollowerDesk::take_page(State& state, Stand& stand, const sql::FollowedPage& page,
                                          bool& careful) {
    OpenTransaction open(state.workshop->connections);
    try {
        return take_events(state, stand, page, careful, open);
    } catch (...) {
        return end_of_failure(state, stand);
    }
}

FollowerDesk::End FollowerDesk::take_events(State& state, Stand& stand,
                                            const sql::FollowedPage& page, bool& careful,
                                            OpenTransaction& open) {
    int together = 0;
    const bool is_durable = !stand.token.empty();
    const auto commit = [&](Position to) {
        if (is_durable && to > stand.marked) mark(state, stand, to, open);
        stand.done = to;
        together = 0;
    };
    Position seen = stand.done;
    bool has_some = page.end <= stand.done;  // nothing but to mark
    for (const sql::FollowedEvent& event : page.events) {
        if (event.position <= stand.done) continue;
        const auto& types = state.info.types;
        if (!types.empty() && std::ranges::find(types, event.type) == types.end()) continue;
        if (is_over(state, stand)) {
            if (seen > stand.done) commit(seen);
            return End::done;
        }
        try {
            follow(state, stand, event, open);
        } catch (...) {
            careful = true;
            // What this one wrote is to be undone, and what others did in the same transaction.
            if (!open.is_open() && seen > stand.done) commit(seen);
            throw;
        }
        seen = event.position;
        has_some = true;
        ++together;
        if (open.is_open() && (careful || together >= events_together)) commit(seen);
    }
    careful = false;
    const Position end = std::max(page.end, stand.done);
    const auto distance = static_cast<std::int64_t>(end) - static_cast<std::int64_t>(stand.marked);
    if (has_some || distance >= marking_distance) {
        commit(end);
    } else {
        stand.done = end;
    }
    return End::done;
}

void FollowerDesk::follow(State& state, const Stand& stand, const sql::FollowedEvent& event,
                          OpenTransaction& open) {
    FollowContext context(
        of(event),
        {.transaction = [&]() -> pqxx::dbtransaction& {
             if (stand.token.empty()) {
                 throw Error(ErrorCode::task_invalid,
                             "follower " + state.info.name +
                                 " has no bookmark, and so no transaction to move it "
                                 "in: static constexpr std::string_view bookmark");
             }
             return open.open().raw();
         },
         .is_cancelled = [&] { return state.workshop->is_stopping || is_over(state, stand); }});
    try {
        state.run({.content = {event.payload, event.body, event.content_type},
                   .schema_version = event.schema_version},
                  context);
    } catch (...) {
        log_line(spdlog::level::warn, "a follower failed, and gets the event again",
                 {{"follower", state.info.name},
                  {"position", static_cast<std::int64_t>(event.position)},
                  {"type", event.type},
                  {"reason", reason_of_failure("the follower")}});
        throw Told();
    }
}

void FollowerDesk::mark(const State& /*state*/, Stand& stand, Position to, OpenTransaction& open) {
    sql::Transaction& transaction = open.open();
    stand.session->node.advance(transaction, stand.token, stand.marked, to);
    transaction.commit();
    open.end();
    stand.marked = to;
}

// Of the exception that is being handled.
FollowerDesk::End FollowerDesk::end_of_failure(const State& state, const Stand& stand) {
    try {
        throw;
    } catch (const Error& error) {
        switch (error.code()) {
            case ErrorCode::bookmark_lost:
            case ErrorCode::bookmark_cut:
            case ErrorCode::node_ended:
            case ErrorCode::machine_revoked:
            case ErrorCode::outcome_unknown:  // where the bookmark is says what became of it
                if (stand.token.empty()) return End::failed;
                log_line(spdlog::level::warn, "a follower lost its bookmark",
                         {{"follower", state.info.name}, {"reason", error.what()}});
                return End::lost;
            default:
                break;
        }
    } catch (const Told&) {
        return End::failed;
    } catch (...) {  // is told as any
    }
    log_line(spdlog::level::warn, "how far a follower has come could not be written down",
             {{"follower", state.info.name}, {"reason", reason_of_failure("the session")}});
    return End::failed;
}

}  // namespace baton::node
