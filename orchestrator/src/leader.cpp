#include "leader.hpp"

#include <algorithm>
#include <utility>

#include "backlog.hpp"
#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

// How often partitions are looked at; each holds ten million ids, and two are there in advance.
constexpr std::chrono::seconds partition_interval{10};

// Beside a large default partition, a new one takes so many transactions; until the last of them,
// inserts of its ids fail. So they follow each other at once.
constexpr int partition_steps = 3;

// How often it is asked whether a former version was kept for long enough.
constexpr std::chrono::seconds version_interval{10};

// How long a batch is tried again for a lock or a deadlock before the leadership is given up.
constexpr int batch_tries_max = 30;
// The most that a view is tried before its event is looked for: tries_of() in page_reducer.cpp.
constexpr int view_tries_max = 20;

// How many of them are nobody's business yet.
constexpr int tries_untold = 3;

}  // namespace

Leader::Leader(const OrchestratorOptions& options, const Registry& registry, const Carried& carried,
               sql::Connection& connection, sql::Epoch epoch, std::function<bool()> stopping)
    : options_(options),
      registry_(registry),
      connection_(connection),
      epoch_(epoch),
      stopping_(std::move(stopping)),
      catch_up_(options_, registry, CatchUp::Reading::page_by_page),
      views_checked_(Clock::now()),
      partitions_checked_(Clock::now()),
      versions_checked_(Clock::now()) {
    register_reducers(carried);
    reader_.emplace(options_, registry_, sql::read_checkpoint(connection_));
    if (options_.snapshots.every > 0) snapshotter_.emplace(options_);
    add_partitions();
}

BatchContext Leader::context() { return {connection_, options_, views_, lease_}; }

void Leader::register_reducers(const Carried& carried) {
    const sql::Checkpoint checkpoint = sql::read_checkpoint(connection_);
    head_ = Position{static_cast<std::int64_t>(checkpoint.next_position) - 1};

    std::vector<const Carried::Set*> live;
    sql::Transaction transaction(connection_);
    for (const Carried::Set& set : carried.sets()) {
        if (sql::register_set(transaction, set.set) != sql::SetState::live) {
            log().warn("view set {}@{} is carried but not live: nothing is done for it",
                       set.set.name, set.set.version);
            continue;
        }
        for (const Carried::Member& member : set.members) {
            static_cast<void>(carried.register_reducer(transaction, member, true));
        }
        live.push_back(&set);
    }
    std::vector<sql::ViewStanding> standings;
    for (const Carried::Set* const set : live) {
        for (const Carried::Member& member : set->members) {
            standings.push_back(sql::read_standing(transaction, member.view));
        }
    }
    sql::fence(transaction, epoch_);
    transaction.commit();

    for (const Carried::Set* const set : live) {
        std::vector<View*>& views = sets_.emplace_back();
        for (const Carried::Member& member : set->members) {
            std::unique_ptr<View> view = carried.make_view(connection_, member);
            view->set = set->set.name;
            view->standing = standings[views_.size()];
            views.push_back(view.get());
            views_.push_back(std::move(view));
        }
    }
}

void Leader::add_partitions() {
    partitions_checked_ = Clock::now();
    try {
        for (int step = 0; step < partition_steps; ++step) {
            connection_.exec("select add_event_partitions()");
        }
    } catch (const Error& error) {
        // A long reader of the log holds a lock that ATTACH needs. There is time: ids go on for
        // millions of events, and then into the default partition.
        if (error.code() != ErrorCode::lock_unavailable) throw;
        log().warn("partitions not added: {}; will try again", error.what());
    }
}

void Leader::work() {
    while (!stopping_()) {
        const bool goes_on = catch_up();
        reduce_next(goes_on);
        housekeep();
    }
}

void Leader::reduce_next(bool is_behind) {
    const auto patience = is_behind ? std::chrono::milliseconds(0)
                                    : std::min(options_.lease / 3, std::chrono::milliseconds(250));
    std::unique_ptr<Page> page = reader_->pages().take(patience);
    if (!page) return;
    const bool is_backlog = page->log.is_full && page->log.first_position > apart_until_;
    if (is_backlog && !is_behind && options_.sql_reducers.empty()) {
        return reduce_backlog(std::move(page));
    }
    reduce_apart(*page);
    give_back(std::move(page));
}

void Leader::reduce_apart(const Page& page) {
    if (with_retries([&] { reduce_batch(context(), epoch_, page); })) {
        head_ = page.log.events.back().position;
    }
}

void Leader::give_back(std::unique_ptr<Page> page) {
    reader_->pages().give_back(std::move(page));
    pace_reader();
}

void Leader::reduce_backlog(std::unique_ptr<Page> page) {
    std::vector<View*> followers;
    for (const std::unique_ptr<View>& view : views_) {
        if (view->standing.state == sql::ViewState::following) followers.push_back(view.get());
    }
    Backlog backlog(context(), std::move(followers), false);
    Position last{0};
    while (page && backlog.fold(*page)) {
        last = page->log.events.back().position;
        const bool has_more = page->log.is_full && !stopping_();
        give_back(std::move(page));
        const std::chrono::milliseconds time_left = backlog.time_left();
        const bool goes_on = has_more && time_left.count() > 0;
        page = goes_on ? reader_->pages().take_more(time_left) : nullptr;
    }
    if (backlog.pages() > 0) {
        const auto record = [&](sql::Transaction& transaction,
                                std::span<const Backlog::Folded> pages) {
            for (const Backlog::Folded& folded : pages) {
                const auto worked = std::chrono::duration_cast<std::chrono::microseconds>(
                    Clock::now() - folded.started);
                record_batch(transaction, epoch_, folded.range, worked);
            }
        };
        if (!backlog.commit(record)) {
            apart_until_ = last;
            reader_.emplace(options_, registry_, sql::read_checkpoint(connection_));
            pace_reader();
            return;
        }
        head_ = last;
    }
    if (page) {
        reduce_apart(*page);
        give_back(std::move(page));
    }
}

void Leader::pace_reader() {
    std::size_t limit = options_.batch_max;
    for (const std::unique_ptr<View>& view : views_) {
        if (view->standing.state == sql::ViewState::following) {
            limit = std::min(limit, view->pace.limit());
        }
    }
    reader_->limit_events(limit);
}

bool Leader::with_retries(const std::function<void()>& step) {
    Backoff backoff(std::chrono::milliseconds(5), std::chrono::milliseconds(500));
    // Each view is tried so often before its event is looked for.
    const int tries_max = batch_tries_max + view_tries_max * static_cast<int>(views_.size());
    for (int tries = 1;; ++tries) {
        try {
            step();
            if (std::exchange(is_troubled_, false)) {
                sql::note_trouble(connection_, epoch_, std::nullopt);
            }
            return true;
        } catch (const Error& error) {
            // Somebody held a lock on a view's rows; the same again can succeed. What loses the
            // connection, or may have been committed, begins again at the checkpoint.
            if (!is_passing(error) || tries >= tries_max) throw;
            log().warn("batch put off: {}; try {} of {}", error.what(), tries, tries_max);
            if (tries >= tries_untold) {
                is_troubled_ = true;
                sql::note_trouble(connection_, epoch_, std::string("put off: ") + error.what());
            }
        }
        if (sql::pause_unless(backoff.next(), stopping_)) return false;
        lease_.keep();
    }
}

bool Leader::catch_up() {
    bool goes_on = false;
    for (const std::vector<View*>& set : sets_) {
        lease_.keep();
        const auto followers = [&] {
            return std::ranges::count_if(set, [](const View* view) {
                return view->standing.state == sql::ViewState::following;
            });
        };
        const auto before = followers();
        bool is_further = false;
        if (!with_retries([&] { is_further = catch_up_.step(context(), set, head_); })) break;
        goes_on = goes_on || is_further;
        if (!is_further || followers() == before) continue;
        log_line(spdlog::level::info, "view set follows the log",
                 {{"set", set.front()->set},
                  {"views", followers()},
                  {"of", set.size()},
                  {"position", head_}});
        pace_reader();
    }
    return goes_on;
}

// Each has its own time, however busy the log is.
void Leader::housekeep() {
    lease_.keep();
    if (Clock::now() - views_checked_ > options_.lease / 3) resume_views();
    if (Clock::now() - partitions_checked_ > partition_interval) add_partitions();
    if (Clock::now() - versions_checked_ >
        std::min<Clock::duration>(
            version_interval,
            std::max<Clock::duration>(options_.rollback_window, options_.lease / 3))) {
        retire_versions();
        drop_snapshots();
    }
}

void Leader::retire_versions() {
    versions_checked_ = Clock::now();
    const std::string retired = sql::retire_old_versions(connection_, options_.rollback_window);
    if (!retired.empty()) {
        log_line(spdlog::level::info, "versions retired", {{"sets", retired}});
    }
    try {
        for (;;) {
            const std::string dropped = sql::drop_retired_version(connection_);
            if (dropped.empty()) return;
            log_line(spdlog::level::info, "rows of a retired version dropped", {{"view", dropped}});
        }
    } catch (const Error& error) {
        // Somebody reads the view for long, or has made something of it, or it belongs to another
        // role: there is time, and what is live goes on.
        if (error.loses_connection() || error.code() == ErrorCode::deposed) throw;
        if (std::exchange(not_dropped_, error.what()) == error.what()) return;
        log().warn("retired version not dropped: {}; will try again", error.what());
    }
}

void Leader::drop_snapshots() {
    try {
        for (;;) {
            const std::string dropped = sql::drop_snapshots(connection_, options_.snapshots);
            if (dropped.empty()) return;
            log_line(spdlog::level::info, "snapshot dropped", {{"view", dropped}});
        }
    } catch (const Error& error) {
        // There is time, and what is live goes on.
        if (error.loses_connection() || error.code() == ErrorCode::deposed) throw;
        if (std::exchange(snapshot_not_dropped_, error.what()) == error.what()) return;
        log().warn("snapshots not dropped: {}; will try again", error.what());
    }
}

void Leader::resume_views() {
    views_checked_ = Clock::now();
    for (const std::unique_ptr<View>& view : views_) {
        if (view->standing.state != sql::ViewState::halted) continue;
        sql::Transaction transaction(connection_);
        view->standing = sql::read_standing(transaction, view->name());
        // Who resolved it may have put rows right by hand.
        view->rolled_back();
    }
}

}  // namespace baton::orchestrator
