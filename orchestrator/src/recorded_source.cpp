#include "recorded_source.hpp"

#include <algorithm>

#include "baton/base/fault.hpp"
#include "baton/sql/recorded_reader.hpp"

namespace baton::orchestrator {
void RecordedSource::read_all(PageReader& reader) {
    sql::Connection connection(options_.url,
                               sql::session_options(options_.schema, "baton builder"));
    sql::RecordedReader log(connection, range_.from, content_);
    const auto next = [&](std::size_t limit, sql::LogPage& page) {
        if (!log.next(std::min(limit, range_.events()), page, PageSize::bytes_max)) {
            throw Error(ErrorCode::transaction_retry, "the log ended while it was read");
        }
        fault_point("after_recorded_read");
        range_.from = page.events.back().position;
        return true;
    };
    while (range_.events() > 0 && !reader.stopping()) reader.read_page(next);
}

}  // namespace baton::orchestrator
