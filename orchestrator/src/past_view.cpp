#include "baton/orchestrator/past_view.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/program.hpp"
#include "baton/sql/versions.hpp"
#include "replay.hpp"

namespace baton {
namespace {

std::int64_t number(Position position) { return static_cast<std::int64_t>(position); }

std::string text_of(const ViewVersion& which) {
    return which.view + "@" + std::to_string(which.version);
}

std::optional<sql::KnownVersion> known_version(sql::Connection& connection,
                                               const ViewVersion& which) {
    sql::Transaction transaction(connection);
    return sql::read_known_version(transaction, which.view, which.version);
}

std::optional<std::size_t> index_in(const Registry& registry, const ViewVersion& which) {
    const auto reducers = registry.reducers();
    const auto found = std::ranges::find_if(reducers, [&](const ReducerInfo& info) {
        return info.name == which.view && info.version == which.version;
    });
    if (found == reducers.end()) return std::nullopt;
    return static_cast<std::size_t>(found - reducers.begin());
}

const sql::SqlReducer* file_of(const OrchestratorOptions& options, const ViewVersion& which) {
    const auto found =
        std::ranges::find_if(options.sql_reducers, [&](const sql::SqlReducer& reducer) {
            return reducer.name == which.view && reducer.version == which.version;
        });
    return found == options.sql_reducers.end() ? nullptr : &*found;
}

}  // namespace

sql::Connection past_session(const std::string& url, const std::string& schema) {
    return sql::Connection(url, sql::session_options(schema, "baton time travel"));
}

PastView::PastView(sql::Connection& connection, const CarriedReducers& carried, ViewVersion which,
                   Position at, Source source)
    : connection_(connection), options_(carried.options), which_(std::move(which)) {
    connection_.exec("set search_path = pg_temp, " + connection_.schema());
    open(carried, at, source);
}

PastView::~PastView() = default;

std::string PastView::table() const {
    return "pg_temp.\"" + which_.view + "__v" + std::to_string(which_.version) + '"';
}

void PastView::open(const CarriedReducers& carried, Position at, Source source) {
    const std::optional<sql::KnownVersion> known = known_version(connection_, which_);
    const std::optional<std::size_t> index = index_in(carried.registry, which_);
    const sql::SqlReducer* const file = file_of(options_, which_);
    const bool is_carried = source == Source::carried;
    if (!known && !(is_carried && (index || file != nullptr))) {
        throw Error(ErrorCode::version_unknown,
                    text_of(which_) + " is not known here" + (is_carried ? ", nor carried" : ""));
    }
    if (index) {
        const ReducerInfo& info = carried.registry.reducers()[*index];
        const std::string build =
            build_with_program(info.build, info.follows_program, options_.program);
        is_registered_ = known && known->build == build;
        if (!is_registered_ && !is_carried && !options_.other_builds) {
            throw Error(ErrorCode::build_mismatch, text_of(which_) + " was registered with build " +
                                                       known->build +
                                                       ", this program carries build " + build +
                                                       ": ask the program that keeps the view");
        }
        columns_ = sql::columns_json(info.columns);
        position_ = sql::open_past_view(connection_, which_.view, which_.version, at, columns_,
                                        is_registered_ && !is_carried);
        replay_ = orchestrator::make_cpp_replay(connection_, carried.registry, *index);
        return;
    }
    if (is_carried && file != nullptr && !(known && known->build == file->build)) {
        columns_ = sql::run_in_session(connection_, *file);
        replay_ = orchestrator::make_sql_replay(connection_, table(), file);
        return;
    }
    if (!known->is_sql) {
        throw Error(ErrorCode::reducer_invalid,
                    text_of(which_) +
                        " is kept by a C++ reducer that this program does not carry: "
                        "ask the program that keeps the view");
    }
    is_registered_ = true;
    columns_ = known->columns;
    position_ = sql::open_past_view(connection_, which_.view, which_.version, at, std::nullopt,
                                    !is_carried);
    replay_ = orchestrator::make_sql_replay(
        connection_,
        connection_.schema() + ".\"" + which_.view + "__v" + std::to_string(which_.version) + '"',
        file);
}

// Beyond the event that it stands before, nobody knows what the view would be.
void PastView::require_known(Position to) {
    if (!is_registered_) return;
    sql::Transaction transaction(connection_);
    const auto stop = sql::read_stop(transaction, which_.view, which_.version, to);
    if (!stop) return;
    throw Error(ErrorCode::event_poisoned, text_of(which_) +
                                               " stands before the event at position " +
                                               std::to_string(number(stop->position)) +
                                               ", beyond which nothing is shown: " + stop->error);
}

void PastView::read_skipped(Position to) {
    if (!is_registered_ || to == position_) return;
    sql::Transaction transaction(connection_);
    for (const Position skipped :
         sql::read_skipped(transaction, which_.view, which_.version, position_,
                           static_cast<std::size_t>(number(to) - number(position_)))) {
        left_out_.insert(skipped);
    }
}

void PastView::require_reached(Position to) {
    BATON_CHECK(to >= position_);
    const Position end = sql::log_end(connection_);
    if (to > end) {
        throw Error(ErrorCode::event_unknown, "the log ends at position " +
                                                  std::to_string(number(end)) + ", there is no " +
                                                  std::to_string(number(to)) + " yet");
    }
}

void PastView::go_to(Position to, const Progress& progress) {
    require_reached(to);
    require_known(to);
    read_skipped(to);
    while (position_ < to) {
        fold_page(
            std::min(options_.batch_max, static_cast<std::size_t>(number(to) - number(position_))));
        if (progress) progress(position_);
    }
}

PastView::Sight PastView::seen(const Look& look) {
    sql::Transaction transaction(connection_);
    transaction.exec("set transaction read only");
    return look(transaction);
}

void PastView::watch_to(Position to, const Look& look, const Tell& tell, const Progress& progress) {
    std::string before = seen(look).text;
    replay_->watch([&](sql::Transaction& transaction) -> std::optional<Position> {
        const Sight sight = look(transaction);
        if (sight.text == before) return std::nullopt;
        return sight.position;
    });
    go_to(to, [&](Position at) {
        const std::string after = seen(look).text;
        if (after != before) tell(at, before, after);
        before = after;
        if (progress) progress(at);
    });
    replay_->watch(nullptr);
}

void PastView::fold_page(std::size_t limit) {
    while (const auto unfoldable = replay_->fold(position_, limit, left_out_)) {
        leave_out(unfoldable->position, unfoldable->reason, unfoldable->set_up);
    }
}

void PastView::leave_out(Position position, const std::string& reason,
                         const std::exception_ptr& set_up) {
    const bool is_policy = !is_registered_ && !set_up && options_.on_poison &&
                           options_.on_poison(which_.view) == PoisonPolicy::skip;
    if (!is_policy && !sql::is_skipped(connection_, which_.view, position)) {
        if (set_up) std::rethrow_exception(set_up);
        throw Error(ErrorCode::event_poisoned,
                    text_of(which_) + " cannot fold the event at position " +
                        std::to_string(number(position)) + ": " + reason);
    }
    // A later event may have been blamed for what this one did to a row they share.
    std::erase_if(skipped_, [&](const SkippedEvent& event) {
        if (event.position <= position) return false;
        left_out_.erase(event.position);
        return true;
    });
    left_out_.insert(position);
    skipped_.push_back({position, reason});
}

}  // namespace baton
