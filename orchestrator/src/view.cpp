#include "view.hpp"

#include <utility>
#include <vector>

#include "baton/base/check.hpp"

namespace baton::orchestrator {
namespace {

class CppView final : public View {
public:
    CppView(sql::Connection& connection, const ReducerInfo& info, std::unique_ptr<Fold> fold,
            std::chrono::milliseconds lease)
        : View(info.name, info.version, lease),
          connection_(connection),
          rows_(connection, info),
          fold_(std::move(fold)) {}

    std::optional<UnfoldableEvent> fold(const PageRange& range) override {
        // On top of the range before; if the transaction fails, rolled_back() forgets everything.
        if (std::exchange(has_new_, false)) fold_->keep();
        for (;;) {
            const FoldResult result = fold_->fold(range.page.decoded, range.first, range.count);
            if (result.state == FoldState::done) break;
            if (result.state == FoldState::poisoned) {
                const bool is_version = result.code == ErrorCode::event_version_unknown;
                return UnfoldableEvent{
                    result.event_index,
                    {result.message, std::string(is_version ? sqlstate_of(result.code) : "")}};
            }
            // Nobody but the leader writes them, and the fence tells whether that is still us.
            rows_.load(connection_, *fold_);
        }
        has_new_ = true;
        return std::nullopt;
    }

    void forget_last_fold() override {
        fold_->discard();
        has_new_ = false;
    }

    [[nodiscard]] std::size_t unwritten_rows() const override {
        return fold_->changed_count() + fold_->effects().said().size();
    }

    void write(sql::Transaction& transaction) override {
        rows_.write(transaction, fold_->changes());
    }

    void write_effects(sql::Transaction& transaction) override {
        sql::write_effects(transaction, name(), version(), fold_->effects().said());
    }

    void run_effects_after(Position position) override { fold_->effects().run_after(position); }

    void committed() override {
        fold_->commit();
        has_new_ = false;
    }

    void rolled_back() override {
        has_new_ = false;
        fold_->rollback();
    }

private:
    sql::Connection& connection_;
    sql::ViewRows rows_;
    std::unique_ptr<Fold> fold_;
    bool has_new_ = false;  // the last fold is not what the next goes on from yet
};

class SqlView final : public View {
public:
    SqlView(const sql::SqlReducer& reducer, std::chrono::milliseconds lease)
        : View(reducer.name, reducer.version, lease), event_versions_(reducer.event_versions) {}

    // The server folds, in the statement that writes.
    std::optional<UnfoldableEvent> fold(const PageRange& range) override {
        ranges_.push_back(range);
        return std::nullopt;
    }

    void forget_last_fold() override { ranges_.pop_back(); }

    [[nodiscard]] bool needs_pages() const override { return true; }

    void write(sql::Transaction& transaction) override {
        for (const PageRange& range : ranges_) {
            enter(transaction, range);
            const sql::LogPage& log = range.page.log;
            if (log.newest_schema_version > 1 && !event_versions_.empty()) {
                sql::require_known_versions(transaction, name(), version(), event_versions_);
            }
            sql::call_sql_reducer(transaction, name(), version());
        }
    }

    void write_effects(sql::Transaction& transaction) override {
        if (!effects_after_) return;
        for (const PageRange& range : ranges_) {
            const Event& last = range.page.log.events[range.first + range.count - 1];
            if (last.position <= *effects_after_) continue;
            enter(transaction, range);
            sql::call_sql_effects(transaction, name(), version(), *effects_after_);
        }
    }

    void run_effects_after(Position position) override { effects_after_ = position; }

    void committed() override { ranges_.clear(); }
    void rolled_back() override { ranges_.clear(); }

private:
    static void enter(sql::Transaction& transaction, const PageRange& range) {
        const sql::LogPage& log = range.page.log;
        if (range.is_recorded) {
            const auto first = static_cast<std::int64_t>(log.events[range.first].position);
            sql::enter_recorded(transaction, Position{first - 1}, range.count);
        } else {
            sql::enter_slice(transaction, log, range.first, range.count);
        }
    }

    std::optional<Position> effects_after_;
    std::string event_versions_;  // "" where it looks at them itself
    std::vector<PageRange> ranges_;
};

}  // namespace

std::unique_ptr<View> make_cpp_view(sql::Connection& connection, const ReducerInfo& info,
                                    std::unique_ptr<Fold> fold, std::chrono::milliseconds lease) {
    BATON_CHECK(fold != nullptr);
    return std::make_unique<CppView>(connection, info, std::move(fold), lease);
}

std::unique_ptr<View> make_sql_view(const sql::SqlReducer& reducer,
                                    std::chrono::milliseconds lease) {
    return std::make_unique<SqlView>(reducer, lease);
}

}  // namespace baton::orchestrator
