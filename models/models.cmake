# Puts the texts of this folder into the library: *.txt as models, *.yaml as recipes. One C source with an array of bytes a
# text, in alphabetical order. The help of a text is its first line, a comment. A new one is a new file; nothing else.
set(model_arrays "")

# Appends the arrays to model_arrays, and leaves the rows of the table in `rows`.
function(carry_texts kind ending rows)
  file(GLOB texts CONFIGURE_DEPENDS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/*.${ending})
  list(SORT texts)
  set(made "")
  foreach(path ${texts})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    get_filename_component(name ${path} NAME_WE)
    string(MAKE_C_IDENTIFIER "${kind}_${name}" array)
    file(STRINGS ${path} help LIMIT_COUNT 1 ENCODING UTF-8)
    if(NOT help MATCHES "^# .")
      message(FATAL_ERROR "${path}: the first line must be a comment that says what the ${kind} is")
    endif()
    string(REGEX REPLACE "^# +" "" help "${help}")
    string(REPLACE "\\" "\\\\" help "${help}")
    string(REPLACE "\"" "\\\"" help "${help}")
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
    string(APPEND model_arrays "static const char ${array}[] = {${bytes}0};\n")
    string(APPEND made "  {\"${name}\", \"${help}\", ${array}},\n")
  endforeach()
  set(model_arrays "${model_arrays}" PARENT_SCOPE)
  set(${rows} "${made}" PARENT_SCOPE)
endfunction()

carry_texts(model txt model_rows)
carry_texts(recipe yaml recipe_rows)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/models.c @ONLY CONTENT
"/* Made by models/models.cmake from the texts in models. */
#include \"model/model.h\"

@model_arrays@
const ig__builtin ig__builtins[] = {
@model_rows@  {NULL, NULL, NULL}
};
const ig__builtin ig__recipes[] = {
@recipe_rows@  {NULL, NULL, NULL}
};
")
if(TARGET ig_model)
  target_sources(ig_model PRIVATE ${CMAKE_BINARY_DIR}/generated/models.c)
endif()
