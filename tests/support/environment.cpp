#include "support/environment.hpp"

#include "baton/sql/migrator.hpp"

namespace baton::testing {

DatabaseTemplate environment_template() {
    return {"environment", [](const std::string& url) {
                sql::Connection connection(url);
                sql::Migrator().install(connection, test_schema);
                sql::Connection inside(url, in_test_schema());
                inside.exec("select add_event_partitions()");
            }};
}

sql::ConnectOptions in_test_schema(const std::string& application_name) {
    sql::ConnectOptions options;
    options.application_name = application_name;
    options.schema = test_schema;
    return options;
}

}  // namespace baton::testing
