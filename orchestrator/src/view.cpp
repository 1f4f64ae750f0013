#include "view.hpp"

#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/fault.hpp"

namespace baton::orchestrator {
namespace {

class CppView final : public View {
public:
    CppView(sql::Connection& connection, const ReducerInfo& info, std::unique_ptr<Fold> fold)
        : View(info.name, info.version), rows_(connection, info), fold_(std::move(fold)) {}

    std::optional<Poison> apply(sql::Transaction& transaction, const Segment& segment) override {
        // Within one transaction the rows of an earlier segment are as good as written; if the
        // transaction fails, rolled_back() forgets everything.
        if (std::exchange(has_changes_, false)) fold_->commit();
        for (;;) {
            const FoldResult result =
                fold_->fold(segment.page.decoded, segment.first, segment.count);
            if (result.state == FoldState::done) break;
            if (result.state == FoldState::poisoned) {
                return Poison{result.event_index, result.message};
            }
            rows_.load(transaction, *fold_);
        }
        fault_point("after_reduce");
        has_changes_ = true;
        rows_.write(transaction, fold_->changes());
        return std::nullopt;
    }

    void committed() override {
        if (std::exchange(has_changes_, false)) fold_->commit();
    }

    void rolled_back() override {
        has_changes_ = false;
        fold_->rollback();
    }

private:
    sql::ViewRows rows_;
    std::unique_ptr<Fold> fold_;
    bool has_changes_ = false;
};

class SqlView final : public View {
public:
    explicit SqlView(const sql::SqlReducer& reducer) : View(reducer.name, reducer.version) {}

    std::optional<Poison> apply(sql::Transaction& transaction, const Segment& segment) override {
        if (segment.is_recorded) {
            const auto first =
                static_cast<std::int64_t>(segment.page.log.events[segment.first].position);
            sql::enter_recorded(transaction, Position{first - 1}, segment.count);
        } else {
            sql::enter_slice(transaction, segment.page.log, segment.first, segment.count);
        }
        sql::call_sql_reducer(transaction, name(), version());
        return std::nullopt;
    }

    void committed() override {}
    void rolled_back() override {}
};

}  // namespace

std::unique_ptr<View> make_cpp_view(sql::Connection& connection, const ReducerInfo& info,
                                    std::unique_ptr<Fold> fold) {
    BATON_CHECK(fold != nullptr);
    return std::make_unique<CppView>(connection, info, std::move(fold));
}

std::unique_ptr<View> make_sql_view(const sql::SqlReducer& reducer) {
    return std::make_unique<SqlView>(reducer);
}

}  // namespace baton::orchestrator
