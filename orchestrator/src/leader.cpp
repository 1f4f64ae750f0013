#include "leader.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/log.hpp"
#include "baton/sql/node_session.hpp"
#include "baton/sql/past.hpp"
#include "blame.hpp"
#include "live_source.hpp"

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

// How often it is asked whether there are events that nobody reads.
constexpr std::chrono::seconds types_interval{10};
// So many types are named once each; what makes up its types would fill the log.
constexpr std::size_t types_named_max = 100;

// How often it is asked whether views' rows are to be copied, and whether nodes see to maintain().
constexpr std::chrono::seconds snapshot_interval{10};
constexpr std::chrono::seconds base_interval{30};
constexpr std::chrono::seconds maintenance_interval{1};

// How long a batch is tried again for a lock or a deadlock before the leadership is given up.
constexpr int batch_tries_max = 30;
// The most that a view is tried before its event is looked for: tries_of().
constexpr int view_tries_max = 20;

// How many of them are nobody's business yet.
constexpr int tries_untold = 3;

}  // namespace

Leader::Leader(const OrchestratorOptions& options, const Registry& registry,
               const Manifest& manifest, sql::Connection& connection, sql::Epoch epoch,
               SlowEvents& slow, std::function<bool()> stopping)
    : options_(options),
      registry_(registry),
      connection_(connection),
      epoch_(epoch),
      stopping_(std::move(stopping)),
      slow_(slow),
      catch_up_(options_, registry, CatchUp::Reading::page_by_page),
      views_checked_(Clock::now()),
      partitions_checked_(Clock::now()),
      versions_checked_(Clock::now()),
      types_checked_(Clock::now() - types_interval),
      declarations_(options_.schedules, options_.workflows),
      maintenance_(options_, "maintenance", maintenance_interval, [this](sql::Connection& session) {
          declarations_.declare(session);
          take_bases(session);
          return sql::maintain_if_left(session);
      }) {
    register_reducers(manifest);
    start_reader();
    if (options_.snapshots.every > 0) {
        snapshots_.emplace(
            options_, "snapshots",
            std::min<std::chrono::milliseconds>(snapshot_interval, options_.poll * 10),
            [this](sql::Connection& session) { return take_snapshot(session); });
    }
    add_partitions();
}

bool Leader::take_snapshot(sql::Connection& session) const {
    const std::string taken = sql::take_snapshots(session, options_.snapshots);
    if (!taken.empty()) log_line(spdlog::level::info, "snapshot taken", {{"view", taken}});
    return !taken.empty();
}

void Leader::take_bases(sql::Connection& session) {
    if (Clock::now() - bases_taken_ <
        std::min<Clock::duration>(base_interval, options_.poll * 10)) {
        return;
    }
    bases_taken_ = Clock::now();
    for (;;) {
        const std::string taken = sql::take_bases(session);
        if (taken.empty()) return;
        log_line(spdlog::level::info, "base taken", {{"view", taken}});
    }
}

void Leader::register_reducers(const Manifest& manifest) {
    const sql::Checkpoint checkpoint = sql::read_checkpoint(connection_);
    head_ = Position{static_cast<std::int64_t>(checkpoint.next_position) - 1};

    std::vector<const Manifest::Set*> live;
    std::vector<const Manifest::Member*> anew;
    sql::Transaction transaction(connection_);
    for (const Manifest::Set& set : manifest.sets()) {
        if (sql::register_set(transaction, set.set) != sql::SetState::live) {
            log().warn("view set {}@{} is carried but not live: nothing is done for it",
                       set.set.name, set.set.version);
            continue;
        }
        for (const Manifest::Member& member : set.members) {
            const sql::Registered came_of_it = manifest.register_reducer(transaction, member, true);
            if (came_of_it == sql::Registered::to_be_built_anew) anew.push_back(&member);
        }
        live.push_back(&set);
    }
    std::vector<sql::ViewStanding> standings;
    std::vector<std::optional<Position>> effects_after;
    for (const Manifest::Set* const set : live) {
        for (const Manifest::Member& member : set->members) {
            standings.push_back(sql::read_standing(transaction, member.view));
            effects_after.push_back(manifest.read_effects_after(transaction, member));
        }
    }
    sql::fence(transaction, epoch_);
    transaction.commit();
    for (const Manifest::Member* const member : anew) report_built_anew(*member);

    for (const Manifest::Set* const set : live) {
        std::vector<View*>& views = sets_.emplace_back();
        for (const Manifest::Member& member : set->members) {
            std::unique_ptr<View> view = manifest.make_view(connection_, member);
            view->set = set->set.name;
            view->standing = standings[views_.size()];
            if (const auto after = effects_after[views_.size()]) view->run_effects_after(*after);
            // It was halted in a COMMIT without an answer, or by another process.
            if (view->standing.state == sql::ViewState::halted) slow_.forget(*view);
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

// Pages begin with one event: nobody knows yet how long a fold takes.
void Leader::start_reader() {
    reader_.reset();
    reader_.emplace(registry_,
                    std::make_unique<LiveSource>(options_, sql::read_checkpoint(connection_),
                                                 what_is_read(registry_)),
                    options_.batch_max, 1);
}

std::vector<View*> Leader::followers() const {
    std::vector<View*> views;
    for (const std::unique_ptr<View>& view : views_) {
        if (view->standing.state == sql::ViewState::following) views.push_back(view.get());
    }
    return views;
}

void Leader::reduce_next(bool is_behind) {
    const auto patience = is_behind ? std::chrono::milliseconds(0)
                                    : std::min(options_.lease / 3, std::chrono::milliseconds(250));
    std::unique_ptr<Page> page = reader_->pages().take(patience);
    if (!page) return;
    NewEvents ledger(lease_, epoch_);
    const auto has_more = [&](const Page& taken) {
        return taken.log.is_full && !is_behind && !stopping_();
    };
    const auto retried = [&](const std::function<void()>& step) { return with_retries(step); };
    const PageWork work{context(),    followers(), ledger,  *reader_,
                        apart_until_, has_more,    retried, [&](Position last) { head_ = last; }};
    if (reduce_pages(work, std::move(page))) return;
    start_reader();
    pace_reader();
}

void Leader::pace_reader() { reader_->limit_events(pace_of(followers(), options_.batch_max)); }

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
            if (!sql::is_passing(error) || tries >= tries_max) throw;
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
    if (Clock::now() - types_checked_ > types_interval) name_unread_types();
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

void Leader::name_unread_types() {
    types_checked_ = Clock::now();
    try {
        for (const sql::UnreadType& unread : sql::unread_types(connection_)) {
            if (unread_named_.size() >= types_named_max) return;
            if (unread_named_.insert(unread.type).second) log().warn("{}", unread.line);
        }
    } catch (const Error& error) {
        // There is time, and what is live goes on.
        if (error.loses_connection()) throw;
        log().debug("unread types not looked for: {}", error.what());
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
        if (view->standing.state == sql::ViewState::halted) continue;
        // Who resolved it may have put rows right by hand.
        view->rolled_back();
    }
}

}  // namespace baton::orchestrator
