# Builds the .sql files of a folder into a library, so that the binary needs no files beside it.
#
# Included, it gives baton_embed_sql(target). Run by that as a script, it writes the C++ source with
# one raw string for each file. The list of files is part of the command, so that the source is
# written anew when a file is changed, added or removed.

if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(baton_embed_sql_script ${CMAKE_CURRENT_LIST_FILE})

    # migrations/, signatures.sql, functions/, views/ (each in the order of the files' names) and
    # grants.sql of the current folder become baton::sql::embedded_sql(). A function that is called
    # when another one is made comes before that by its name, in whichever folder it is.
    function(baton_embed_sql target)
        set(files)
        foreach(pattern migrations/*.sql signatures.sql functions/*.sql views/*.sql grants.sql)
            file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
                ${CMAKE_CURRENT_SOURCE_DIR}/${pattern})
            list(SORT found COMPARE FILE_BASENAME)
            list(APPEND files ${found})
        endforeach()
        list(TRANSFORM files PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
        string(REPLACE ";" "|" joined "${files}")
        set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_sql.cpp)
        add_custom_command(OUTPUT ${output}
            COMMAND ${CMAKE_COMMAND} "-DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}" "-DFILES=${joined}"
                "-DOUTPUT=${output}" -P ${baton_embed_sql_script}
            DEPENDS ${paths} ${baton_embed_sql_script}
            COMMENT "Embedding the SQL files"
            VERBATIM)
        target_sources(${target} PRIVATE ${output})
    endfunction()
    return()
endif()

string(REPLACE "|" ";" files "${FILES}")
list(LENGTH files count)
set(text "// Written by EmbedSql.cmake from the .sql files; changes here are lost.\n\n")
string(APPEND text "#include \"baton/sql/embedded.hpp\"\n\n#include <array>\n\n")
string(APPEND text "namespace baton::sql {\nnamespace {\n\n")
# The compiler knows how long a literal is; counting all of it is more than it does of a constant.
string(APPEND text "using namespace std::string_view_literals;\n\n")
string(APPEND text "constexpr std::array<SqlFile, ${count}> files{{\n")
foreach(file IN LISTS files)
    file(READ ${FOLDER}/${file} content)
    string(FIND "${content}" ")baton_sql\"" clash)
    if(NOT clash EQUAL -1)
        message(FATAL_ERROR "${file} holds )baton_sql\", which ends the string that it is put in")
    endif()
    string(APPEND text "    {\"${file}\", R\"baton_sql(${content})baton_sql\"sv},\n")
endforeach()
string(APPEND text "}};\n\n}  // namespace\n\n")
string(APPEND text "std::span<const SqlFile> embedded_sql() { return files; }\n\n")
string(APPEND text "}  // namespace baton::sql\n")
file(WRITE ${OUTPUT} "${text}")
