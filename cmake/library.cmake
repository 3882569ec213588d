# The library that others link, static and shared from the same objects, and its installation. What the public headers declare
# is visible; the map gives it a version, where the linker knows maps.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(CheckLinkerFlag)

set(all_objects)
foreach(folder ${IMGRAD_RANKS})
  list(APPEND all_objects ${objects_${folder}})
endforeach()

add_library(imgrad_static STATIC ${all_objects})
set_target_properties(imgrad_static PROPERTIES OUTPUT_NAME imgrad)
target_link_libraries(imgrad_static PUBLIC imgrad_needs)
target_include_directories(imgrad_static INTERFACE ${PROJECT_SOURCE_DIR}/include)
add_library(imgrad::static ALIAS imgrad_static)

add_library(imgrad_shared SHARED ${all_objects})
set_target_properties(imgrad_shared PROPERTIES OUTPUT_NAME imgrad VERSION ${PROJECT_VERSION} SOVERSION 0)
target_link_libraries(imgrad_shared PRIVATE imgrad_needs)
target_include_directories(imgrad_shared INTERFACE ${PROJECT_SOURCE_DIR}/include)
add_library(imgrad::imgrad ALIAS imgrad_shared)
set(map ${CMAKE_CURRENT_LIST_DIR}/imgrad.map)
check_linker_flag(C "-Wl,--version-script=${map}" IMGRAD_LINKER_HAS_MAPS)
if(IMGRAD_LINKER_HAS_MAPS)
  target_link_options(imgrad_shared PRIVATE "-Wl,--version-script=${map}")
  set_target_properties(imgrad_shared PROPERTIES LINK_DEPENDS ${map})
endif()

# pkg-config and find_package, with paths counted from where they are found: an installed tree may be moved.
set(IMGRAD_PC_REQUIRES "zlib yaml-0.1 jansson libjpeg libpng${IMGRAD_OPTIONAL_PC}")
if(CMAKE_DL_LIBS)
  set(IMGRAD_PC_DL " -l${CMAKE_DL_LIBS}")
endif()
file(RELATIVE_PATH IMGRAD_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH IMGRAD_PC_LIBDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH IMGRAD_PC_INCLUDEDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
set(packaged ${CMAKE_BINARY_DIR}/generated)
configure_file(${CMAKE_CURRENT_LIST_DIR}/imgrad.pc.in ${packaged}/imgrad.pc @ONLY)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/imgradConfig.cmake.in ${packaged}/imgradConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/imgrad PATH_VARS CMAKE_INSTALL_FULL_LIBDIR CMAKE_INSTALL_FULL_INCLUDEDIR)
write_basic_package_version_file(${packaged}/imgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS imgrad_static imgrad_shared)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${packaged}/imgrad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${packaged}/imgradConfig.cmake ${packaged}/imgradConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/imgrad)
