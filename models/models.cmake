# Puts models/*.txt into the library: one C source with an array of bytes a model, in alphabetical order. The help text of a
# model is its first line, a comment. A new model is a new file; nothing else.
file(GLOB model_texts CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.txt)
list(SORT model_texts)
set(model_arrays "")
set(model_rows "")
foreach(path ${model_texts})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  get_filename_component(name ${path} NAME_WE)
  file(STRINGS ${path} help LIMIT_COUNT 1 ENCODING UTF-8)
  if(NOT help MATCHES "^# .")
    message(FATAL_ERROR "${path}: the first line must be a comment that says what the model is")
  endif()
  string(REGEX REPLACE "^# +" "" help "${help}")
  string(REPLACE "\\" "\\\\" help "${help}")
  string(REPLACE "\"" "\\\"" help "${help}")
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND model_arrays "static const char text_${name}[] = {${bytes}0};\n")
  string(APPEND model_rows "  {\"${name}\", \"${help}\", text_${name}},\n")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/models.c @ONLY CONTENT
"/* Made by models/models.cmake from the texts in models. */
#include \"model/model.h\"

@model_arrays@
const ig__builtin ig__builtins[] = {
@model_rows@  {NULL, NULL, NULL}
};
")
if(TARGET ig_model)
  target_sources(ig_model PRIVATE ${CMAKE_BINARY_DIR}/generated/models.c)
endif()
