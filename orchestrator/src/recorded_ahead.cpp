#include "recorded_ahead.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/fault.hpp"

namespace baton::orchestrator {
RecordedAhead::RecordedAhead(const OrchestratorOptions& options, const Registry& registry,
                             Stretch stretch, std::size_t count)
    : options_(options),
      registry_(registry),
      fold_limit_(count),
      thread_([this, stretch] { run(stretch); }) {}

RecordedAhead::~RecordedAhead() {
    pages_.stop();
    thread_.join();
}

void RecordedAhead::run(Stretch stretch) {
    try {
        sql::Connection connection(options_.url,
                                   sql::session_options(options_.schema, "baton builder"));
        sql::RecordedReader reader(connection, stretch.from, what_is_read(registry_));
        PageSize page_size(options_.batch_max);
        while (stretch.from < stretch.to && !pages_.stopping()) {
            std::unique_ptr<Page> page = pages_.empty_page();
            const std::size_t limit = std::min(page_size.limit(fold_limit_), stretch.events());
            if (!reader.next(limit, page->log, PageSize::bytes_max)) {
                throw Error(ErrorCode::transaction_retry, "the log ended while it was read");
            }
            fault_point("after_recorded_read");
            page_size.read(page->log);
            stretch.from = page->log.events.back().position;
            pages_.hand_over(std::move(page));
        }
        pages_.tell_end();
    } catch (...) {
        pages_.tell_failure();
    }
}

}  // namespace baton::orchestrator
