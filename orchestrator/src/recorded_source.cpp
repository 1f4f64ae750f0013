#include "recorded_source.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/fault.hpp"

namespace baton::orchestrator {
namespace {

sql::ConnectOptions reader_options(const OrchestratorOptions& options) {
    sql::ConnectOptions connect;
    connect.application_name = "baton builder";
    connect.schema = options.schema;
    return connect;
}

}  // namespace

RecordedAhead::RecordedAhead(const OrchestratorOptions& options, const Registry& registry,
                             EventRange range, std::size_t count)
    : options_(options),
      registry_(registry),
      fold_limit_(count),
      thread_([this, range] { run(range); }) {}

RecordedAhead::~RecordedAhead() {
    pages_.stop();
    thread_.join();
}

void RecordedAhead::run(EventRange range) {
    try {
        sql::Connection connection(options_.url, reader_options(options_));
        sql::RecordedReader reader(connection, range.from, what_is_read(registry_));
        PageSize page_size(options_.batch_max);
        while (range.from < range.to && !pages_.stopping()) {
            std::unique_ptr<Page> page = pages_.empty_page();
            const std::size_t limit = std::min(page_size.limit(fold_limit_), range.events());
            if (!reader.next(limit, page->log, PageSize::bytes_max)) {
                throw Error(ErrorCode::transaction_retry, "the log ended while it was read");
            }
            fault_point("after_recorded_read");
            page_size.read(page->log);
            range.from = page->log.events.back().position;
            pages_.hand_over(std::move(page));
        }
        pages_.tell_end();
    } catch (...) {
        pages_.tell_failure();
    }
}

}  // namespace baton::orchestrator
