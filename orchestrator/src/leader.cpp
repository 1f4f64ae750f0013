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

// How long a batch is tried again for a lock or a deadlock before the leadership is given up.
constexpr int batch_tries_max = 30;

}  // namespace

Leader::Leader(const OrchestratorOptions& options, const Registry& registry,
               sql::Connection& connection, sql::Epoch epoch, std::function<bool()> stopping)
    : options_(options),
      registry_(registry),
      connection_(connection),
      epoch_(epoch),
      stopping_(std::move(stopping)),
      views_checked_(Clock::now()),
      partitions_checked_(Clock::now()) {
    register_reducers();
    reader_.emplace(options_, registry_, sql::read_checkpoint(connection_));
    add_partitions();
}

BatchContext Leader::context() { return {connection_, epoch_, options_, views_, lease_}; }

void Leader::register_reducers() {
    sql::prepare_view_store(connection_);
    const sql::Checkpoint checkpoint = sql::read_checkpoint(connection_);
    head_ = Position{static_cast<std::int64_t>(checkpoint.next_position) - 1};

    sql::Transaction transaction(connection_);
    std::vector<sql::ViewStanding> standings;
    for (const ReducerInfo& info : registry_.reducers()) {
        sql::register_reducer(transaction, info, options_.other_builds);
        standings.push_back(sql::read_standing(transaction, info.name));
    }
    for (const sql::SqlReducer& reducer : options_.sql_reducers) {
        sql::register_reducer(transaction, reducer, options_.other_builds);
        standings.push_back(sql::read_standing(transaction, reducer.name));
    }
    sql::fence(transaction, epoch_);
    transaction.commit();

    for (std::size_t i = 0; i < registry_.reducers().size(); ++i) {
        views_.push_back(make_cpp_view(connection_, registry_.reducers()[i],
                                       registry_.start_fold(i), options_.lease));
    }
    for (const sql::SqlReducer& reducer : options_.sql_reducers) {
        views_.push_back(make_sql_view(reducer, options_.lease));
    }
    for (std::size_t i = 0; i < views_.size(); ++i) views_[i]->standing = standings[i];
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
        catch_up();
        reduce_next();
        housekeep();
    }
}

void Leader::reduce_next() {
    const bool behind = std::ranges::any_of(
        views_, [](const auto& view) { return view->standing.state == sql::ViewState::behind; });
    const auto patience = behind ? std::chrono::milliseconds(0)
                                 : std::min(options_.lease / 3, std::chrono::milliseconds(250));
    std::unique_ptr<Page> page = reader_->take(patience);
    if (!page) return;
    const bool is_backlog = page->log.is_full && page->log.first_position > apart_until_;
    if (is_backlog && !behind && options_.sql_reducers.empty()) {
        return reduce_backlog(std::move(page));
    }
    reduce_apart(*page);
    give_back(std::move(page));
}

void Leader::reduce_apart(const Page& page) {
    if (with_retries([&] { reduce_batch(context(), page); })) {
        head_ = page.log.events.back().position;
    }
}

void Leader::give_back(std::unique_ptr<Page> page) {
    reader_->give_back(std::move(page));
    pace_reader();
}

void Leader::reduce_backlog(std::unique_ptr<Page> page) {
    Backlog backlog(context());
    Position last{0};
    while (page && backlog.fold(*page)) {
        last = page->log.events.back().position;
        const bool has_more = page->log.is_full && !stopping_();
        give_back(std::move(page));
        const std::chrono::milliseconds time_left = backlog.time_left();
        const bool goes_on = has_more && time_left.count() > 0;
        page = goes_on ? reader_->take_if_any(time_left) : nullptr;
    }
    if (backlog.pages() > 0) {
        if (!backlog.commit()) {
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
    for (int tries = 1;; ++tries) {
        try {
            step();
            return true;
        } catch (const Error& error) {
            // Somebody held a lock on a view's rows; the same again can succeed. What loses the
            // connection, or may have been committed, begins again at the checkpoint.
            if (!is_passing(error) || tries == batch_tries_max) throw;
            log().warn("batch put off: {}; try {} of {}", error.what(), tries, batch_tries_max);
        }
        if (sql::pause_unless(backoff.next(), stopping_)) return false;
        lease_.keep();
    }
}

void Leader::catch_up() {
    for (const std::unique_ptr<View>& view : views_) {
        if (view->standing.state != sql::ViewState::behind) continue;
        lease_.keep();
        if (!with_retries([&] { catch_up(*view); })) return;
        if (view->standing.state == sql::ViewState::following) {
            log().info("view follows the log view={}@{} position={}", view->name(), view->version(),
                       static_cast<std::int64_t>(head_));
            pace_reader();
        }
    }
}

void Leader::catch_up(View& view) {
    if (sql::read_recorded(connection_, view.standing.position,
                           recorded_size_.limit(view.pace.limit()), recorded_.log,
                           PageSize::bytes_max)) {
        recorded_size_.read(recorded_.log);
        registry_.decode(recorded_.log.events, recorded_.decoded);
        reduce_recorded(context(), view, recorded_, head_);
        return;
    }
    sql::ViewStanding standing = view.standing;
    standing.state = sql::ViewState::following;
    sql::Transaction transaction(connection_);
    write_standing(transaction, view.name(), standing);
    sql::fence(transaction, epoch_);
    transaction.commit();
    view.standing = standing;
}

// Each has its own time, however busy the log is.
void Leader::housekeep() {
    lease_.keep();
    if (Clock::now() - views_checked_ > options_.lease / 3) resume_views();
    if (Clock::now() - partitions_checked_ > partition_interval) add_partitions();
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
