# What a build can do without: the library it needs is looked for, and what is not found is left out and says so when it is asked for.
# `imgrad info` has what there is.
set(IMGRAD_OPTIONAL)     # targets to link
set(IMGRAD_OPTIONAL_PC)  # their names for pkg-config
set(IMGRAD_HAS_PROTOBUF_C FALSE)
if(IMGRAD_TENSORBOARD AND NOT IMGRAD_CORE)
  pkg_check_modules(PROTOBUF_C IMPORTED_TARGET libprotobuf-c)
  find_program(PROTOC_C NAMES protoc-c)
  if(PROTOBUF_C_FOUND AND PROTOC_C)
    set(IMGRAD_HAS_PROTOBUF_C TRUE)
    list(APPEND IMGRAD_OPTIONAL PkgConfig::PROTOBUF_C)
    string(APPEND IMGRAD_OPTIONAL_PC " libprotobuf-c")
  else()
    message(STATUS "Without --tensorboard: libprotobuf-c-dev and protobuf-c-compiler are not both here")
  endif()
endif()

# Modules lie in a folder of their own, so that programs of a build find them (src/base/module.c).
include(GNUInstallDirs)
file(RELATIVE_PATH IMGRAD_MODULE_FOLDER ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR}/imgrad)
if(IMGRAD_WATCH AND NOT IMGRAD_CORE)
  pkg_check_modules(MICROHTTPD IMPORTED_TARGET libmicrohttpd)
  if(MICROHTTPD_FOUND)
    add_library(imgrad_module_http MODULE modules/http.c)
    set_target_properties(imgrad_module_http PROPERTIES PREFIX "" OUTPUT_NAME http SUFFIX ".so" C_VISIBILITY_PRESET hidden
                          LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
    target_link_libraries(imgrad_module_http PRIVATE PkgConfig::MICROHTTPD)
    install(TARGETS imgrad_module_http LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/imgrad)
  else()
    message(STATUS "Without --watch: libmicrohttpd-dev is not here")
  endif()
endif()

# page.js as a C string.
function(carry_script)
  set(script ${PROJECT_SOURCE_DIR}/src/live/page.js)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script})
  file(READ ${script} hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/live_script.c @ONLY CONTENT
"/* Made by cmake/optional.cmake from src/live/page.js. */
#include \"live/page.h\"
const char ig__live_script[] = {@bytes@0};
")
  target_sources(ig_live PRIVATE ${CMAKE_BINARY_DIR}/generated/live_script.c)
endfunction()

function(imgrad_optional_sources)
  set_source_files_properties(src/base/module.c PROPERTIES COMPILE_DEFINITIONS "IG__MODULE_FOLDER=\"${IMGRAD_MODULE_FOLDER}\"")
  if(TARGET ig_live)
    carry_script()
  endif()
  if(IMGRAD_HAS_PROTOBUF_C)
    set(made ${CMAKE_BINARY_DIR}/generated/report/event.pb-c)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/report)
    add_custom_command(OUTPUT ${made}.c ${made}.h
      COMMAND ${PROTOC_C} --proto_path=${PROJECT_SOURCE_DIR}/src --c_out=${CMAKE_BINARY_DIR}/generated report/event.proto
      DEPENDS src/report/event.proto VERBATIM)
    target_sources(ig_report PRIVATE ${made}.c ${made}.h)
    target_include_directories(ig_report PRIVATE ${PROTOBUF_C_INCLUDE_DIRS})
    # Its assertions would end the process, which the library never does.
    set_source_files_properties(${made}.c PROPERTIES COMPILE_DEFINITIONS NDEBUG)
    set_source_files_properties(src/report/events.c tests/unit/report/test_events.c tests/unit/train/test_board.c
      PROPERTIES COMPILE_DEFINITIONS IG__PROTOBUF_C)
  endif()
endfunction()
