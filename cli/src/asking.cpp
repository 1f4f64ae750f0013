#include "asking.hpp"

#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "ndjson.hpp"
#include "output.hpp"

namespace baton::cli {

std::string read_text(Invocation& invocation, const std::string& query,
                      const std::vector<sql::Parameter>& parameters) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    return std::string(transaction.exec(query, parameters).only().text(0));
}

std::string change(Invocation& invocation, const std::string& query,
                   const std::vector<sql::Parameter>& parameters) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    std::string answer(transaction.exec(query, parameters).only().text(0));
    transaction.commit();
    return answer;
}

void print_listing(const std::string& page, bool as_json, std::int64_t limit,
                   const Listing& listing) {
    if (as_json) return write_json(page);
    const JsonValue rows = JsonValue::parse(page);
    if (rows.items().empty()) return write_out(listing.nothing + "\n");
    Table table(listing.columns);
    for (const JsonValue& row : rows.items()) table.add(listing.cells(row));
    table.print(0, screen_width());
    if (static_cast<std::int64_t>(rows.items().size()) == limit) {
        write_out("there may be more: " + listing.next_flag + " " +
                  terminal_line(rows.items().back()[listing.next_field].text().value_or("")) +
                  "\n");
    }
}

}  // namespace baton::cli
