#include "replay.hpp"

#include <algorithm>
#include <utility>

#include "baton/sql/failure.hpp"
#include "baton/sql/recorded_reader.hpp"
#include "blame.hpp"
#include "page_size.hpp"
#include "view.hpp"

namespace baton::orchestrator {
namespace {

// For a pace that nobody asks for: there is no lease to keep.
constexpr std::chrono::milliseconds any_time = std::chrono::hours(1);

// More than any page has.
constexpr std::size_t events_max = 1'000'000;

std::int64_t number(Position position) { return static_cast<std::int64_t>(position); }

// Whether it comes again for the same events: not so what a reducer is that would write what is
// live; and nobody has to do with it who cancels, or what the server is short of.
bool is_refusal(const sql::Connection& connection, const sql::SqlError& error) {
    if (error.code() == ErrorCode::event_version_unknown) return true;
    const std::string& state = error.sqlstate();
    return is_of_statement(connection, error) && state != "25006" && state != "57014" &&
           state != "53100" && state != "53300" && !state.starts_with("58") &&
           error.code() != ErrorCode::reducer_invalid;
}

// Within a handler of `error`. What is not there (class 42) is not the event's fault.
Replay::Unfoldable unfoldable_by(Position position, const sql::SqlError& error) {
    const bool is_set_up =
        error.code() == ErrorCode::event_version_unknown || error.sqlstate().starts_with("42");
    return {position, error.what(), is_set_up ? std::current_exception() : nullptr};
}

// While a row is watched: what is undone, and folded again, is a page.
constexpr std::size_t watched_max = 8192;

class CppReplay final : public Replay {
public:
    CppReplay(sql::Connection& connection, const Registry& registry, std::size_t index)
        : connection_(connection),
          registry_(registry),
          view_(make_cpp_view(connection, registry.reducers()[index], registry.start_fold(index),
                              any_time)),
          page_size_(events_max) {}

    std::optional<Unfoldable> fold(Position& at, std::size_t limit,
                                   const std::set<Position>& left_out) override {
        limit = narrowed(at, limit);
        if (!sql::read_recorded(connection_, at, page_size_.limit(std::min(limit, count_)),
                                page_.log, PageSize::bytes_max)) {
            throw Error(ErrorCode::event_unknown,
                        "the log ends at position " + std::to_string(number(at)));
        }
        page_size_.read(page_.log);
        registry_.decode(page_.log.events, page_.decoded);
        try {
            if (std::optional<Unfoldable> unfoldable = fold_page(left_out)) {
                view_->rolled_back();
                return unfoldable;
            }
            if (!write(at)) {
                view_->rolled_back();
                return fold(at, limit, left_out);
            }
        } catch (const sql::SqlError& error) {
            view_->rolled_back();
            if (!is_refusal(connection_, error)) throw;
            // Of a page that is refused, ever shorter beginnings are tried.
            if (page_.log.events.size() == 1) {
                return unfoldable_by(page_.log.events.front().position, error);
            }
            count_ = page_.log.events.size() / 2;
            return fold(at, limit, left_out);
        } catch (...) {
            view_->rolled_back();
            throw;
        }
        view_->committed();
        at = page_.log.events.back().position;
        count_ = std::min(count_ * 2, events_max);
        return std::nullopt;
    }

private:
    // False where it was undone, for there is more to see in it: see watch().
    bool write(Position at) {
        sql::Transaction transaction(connection_);
        transaction.exec("set transaction read only");
        view_->write(transaction);
        if (is_seen(transaction, at, page_.log.events.size())) return false;
        transaction.commit();
        return true;
    }

    // Around the events that are left out.
    std::optional<Unfoldable> fold_page(const std::set<Position>& left_out) {
        const std::vector<Event>& events = page_.log.events;
        const std::int64_t before = number(events.front().position);
        for (std::size_t first = 0; first < events.size();) {
            const auto gap = left_out.lower_bound(events[first].position);
            const std::size_t end =
                gap == left_out.end()
                    ? events.size()
                    : std::min(static_cast<std::size_t>(number(*gap) - before), events.size());
            if (end > first) {
                if (const auto event = view_->fold({page_, first, end - first, true})) {
                    Unfoldable unfoldable{events[event->index].position, event->reason.error};
                    if (!event->reason.sqlstate.empty()) {
                        unfoldable.set_up = std::make_exception_ptr(
                            Error(ErrorCode::event_version_unknown, event->reason.error));
                    }
                    return unfoldable;
                }
            }
            first = end + 1;
        }
        return std::nullopt;
    }

    sql::Connection& connection_;
    const Registry& registry_;
    std::unique_ptr<View> view_;
    PageSize page_size_;
    Page page_;
    std::size_t count_ = events_max;  // at once, because more were refused
};

class SqlReplay final : public Replay {
public:
    SqlReplay(sql::Connection& connection, const std::string& function, const sql::SqlReducer* file)
        : connection_(connection), call_("select " + function + "()"), file_(file) {}

    std::optional<Unfoldable> fold(Position& at, std::size_t limit,
                                   const std::set<Position>& left_out) override {
        limit = narrowed(at, limit);
        const auto gap = left_out.upper_bound(at);
        if (gap != left_out.end() && number(*gap) == number(at) + 1) {
            at = *gap;
            return std::nullopt;
        }
        if (gap != left_out.end()) {
            limit = std::min(limit, static_cast<std::size_t>(number(*gap) - number(at) - 1));
        }
        // Of a page that fails, ever shorter beginnings are tried: what is left is the culprit.
        for (std::size_t count = std::min(limit, count_);; count /= 2) {
            std::optional<Unfoldable> refusal;
            if (!try_page(at, count, refusal)) return fold(at, limit, left_out);
            if (!refusal) {
                at = Position{number(at) + static_cast<std::int64_t>(count)};
                if (count == count_) count_ = std::min(count * 2, events_max);
                return std::nullopt;
            }
            if (count == 1) return refusal;
            count_ = count / 2;
        }
    }

private:
    // False where it was undone: see watch().
    bool try_page(Position at, std::size_t count, std::optional<Unfoldable>& refusal) {
        try {
            sql::Transaction transaction(connection_);
            transaction.exec("set transaction read only");
            sql::enter_recorded(transaction, at, count);
            if (file_ != nullptr && !file_->event_versions.empty()) {
                sql::require_known_versions(transaction, file_->name, file_->version,
                                            file_->event_versions);
            }
            transaction.exec(call_);
            if (is_seen(transaction, at, count)) return false;
            transaction.commit();
        } catch (const sql::SqlError& error) {
            if (!is_refusal(connection_, error)) throw;
            refusal = unfoldable_by(Position{number(at) + 1}, error);
        }
        return true;
    }

    sql::Connection& connection_;
    std::string call_;
    const sql::SqlReducer* file_;
    std::size_t count_ = 10'000;
};

}  // namespace

std::size_t Replay::narrowed(Position at, std::size_t limit) const {
    if (!watch_) return limit;
    const std::int64_t left = number(seen_by_) - number(at);
    if (left <= 0) return std::min(limit, watched_max);
    const std::int64_t wanted = undone_ == 1 ? left - 1 : left / 2;
    return std::min(limit, static_cast<std::size_t>(std::max<std::int64_t>(wanted, 1)));
}

bool Replay::is_seen(sql::Transaction& transaction, Position at, std::size_t count) {
    const std::optional<Position> last = watch_ ? watch_(transaction) : std::nullopt;
    if (!last) return false;
    if (count == 1) {
        // Of what comes after it nothing is known yet.
        seen_by_ = Position{0};
        undone_ = 0;
        return false;
    }
    const Position end{number(at) + static_cast<std::int64_t>(count)};
    seen_by_ = *last > at && *last <= end ? *last : end;
    ++undone_;
    return true;
}

std::unique_ptr<Replay> make_cpp_replay(sql::Connection& connection, const Registry& registry,
                                        std::size_t index) {
    return std::make_unique<CppReplay>(connection, registry, index);
}

std::unique_ptr<Replay> make_sql_replay(sql::Connection& connection, const std::string& function,
                                        const sql::SqlReducer* file) {
    return std::make_unique<SqlReplay>(connection, function, file);
}

}  // namespace baton::orchestrator
