#include "support/environment.hpp"

#include "baton/sql/migrator.hpp"

namespace baton::testing {

MachineCredentials test_credentials(const std::string& name) {
    return {.environment = name,
            .machine_id = std::string(64, '7'),
            .token = "baton_" + name + "_" + std::string(64, '7'),
            .may_enrol = true};
}

void describe_as_development(sql::Connection& inside, const std::string& name) {
    sql::Transaction transaction(inside);
    transaction.exec("select describe_environment($1, 'development')", {name});
    transaction.commit();
}

DatabaseTemplate environment_template() {
    return {"environment", [](const std::string& url) {
                sql::Connection connection(url);
                sql::Migrator().install(connection, test_schema);
                sql::Connection inside(url, in_test_schema());
                describe_as_development(inside);
                inside.exec("select add_event_partitions()");
                // At home in each database that is cloned from this one.
                inside.exec("update environment_home set database_id = null");
            }};
}

sql::ConnectOptions in_test_schema(const std::string& application_name) {
    return sql::session_options(test_schema, application_name);
}

}  // namespace baton::testing
