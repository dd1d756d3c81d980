# SPDX-License-Identifier: MIT
# The weather pipeline on good and bad input:
#   cmake -DCASE=<case> -DPROGRAM=<weather_pipeline> -DCSV=<the shipped file> -DAWK=<awk>
#         -DWORK=<scratch folder> -P weather_pipeline.cmake
cmake_minimum_required(VERSION 3.24)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(input ${WORK}/input.csv)
set(report ${WORK}/report.json)

# Makes the input of the shipped file by an awk program, which may name the fields $1 to $6.
function(make_input program)
  execute_process(COMMAND ${AWK} -F, -v OFS=, "${program}" ${CSV} OUTPUT_FILE ${input}
                  COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# Runs it with the arguments that follow; sets `output`, `errors` and `exit_code`.
macro(run_pipeline)
  execute_process(
    COMMAND ${PROGRAM} ${ARGN}
    WORKING_DIRECTORY ${WORK}
    OUTPUT_VARIABLE output
    ERROR_VARIABLE errors
    RESULT_VARIABLE exit_code)
endmacro()

# It must succeed, and print something that matches each regex.
function(expect_success)
  run_pipeline(${input} ${report})
  if(NOT exit_code STREQUAL "0" OR NOT errors STREQUAL "")
    message(FATAL_ERROR "It must succeed, it ended with ${exit_code}:\n${errors}")
  endif()
  foreach(regex IN LISTS ARGN)
    if(NOT output MATCHES "${regex}")
      message(FATAL_ERROR "It must print \"${regex}\":\n${output}")
    endif()
  endforeach()
  file(WRITE ${WORK}/table.txt "${output}")
endfunction()

# It must end in state Failed, with one line that gives this reason, and write no report.
function(expect_failure reason)
  list(APPEND ARGN ${input} ${report})
  list(SUBLIST ARGN 0 2 arguments)
  run_pipeline(${arguments})
  if(NOT exit_code STREQUAL "1" OR NOT output STREQUAL "")
    message(FATAL_ERROR "It must print nothing and end with 1, it ended with ${exit_code}:\n${output}")
  endif()
  if(NOT errors STREQUAL "weather_pipeline: ${reason}\n")
    message(FATAL_ERROR "The reason must be\n  ${reason}\nit is\n  ${errors}")
  endif()
  if(EXISTS ${report})
    message(FATAL_ERROR "It must write no report")
  endif()
endfunction()

function(expect_figures_of csv)
  execute_process(COMMAND ${AWK} -f ${CMAKE_CURRENT_LIST_DIR}/weather_figures.awk ${csv}
                          ${WORK}/table.txt ${report} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# ---- good input

if(CASE STREQUAL "figures")
  make_input("{ print }")
  expect_success("1461 days from 2012-01-01 to 2015-12-31")
  expect_figures_of(${CSV})

elseif(CASE STREQUAL "default_input")
  run_pipeline()
  if(NOT exit_code STREQUAL "0" OR NOT EXISTS ${WORK}/weather_report.json)
    message(FATAL_ERROR "It must need no arguments, in any working directory:\n${errors}")
  endif()

elseif(CASE STREQUAL "windows_text")
  make_input("NR == 1 { printf \"\\357\\273\\277\" } { print $0 \"\\r\" } END { print \"\\r\" }")
  expect_success("1461 days")
  expect_figures_of(${CSV})

elseif(CASE STREQUAL "unsorted")
  make_input("NR == 1 { print; next } { row[NR] = $0 } END { for (i = NR; i > 1; --i) print row[i] }")
  expect_success("1461 days from 2012-01-01 to 2015-12-31")
  expect_figures_of(${CSV})

elseif(CASE STREQUAL "broken_rows")
  # Every kind of broken row; what is left must give the figures of a file that never had them.
  string(
    CONCAT broken
    "NR == 3 { $2 = \"oops\" } NR == 40 { NF = 5 } NR == 80 { $1 = \"2012-02-30\" } "
    "NR == 120 { $3 = \"\" } NR == 160 { $4 = \"nan\" } NR == 500 { $5 = \"-1\" } "
    "NR == 600 { $4 = 30; $3 = 20 } NR == 700 { $6 = \"\" } NR == 800 { $1 = \"2014-3-11\" } "
    "NR == 1000 { $2 = \"1.2.3\" } NR == 1100 { $3 = \"1e9\" } { print } NR == 900 { print }")
  make_input("${broken}")
  set(why "line 3: precipitation is 'oops', not a number from 0 to 2000")
  expect_success("1450 days from" "Broken rows left out: 12; the first is ${why}\n")

  file(READ ${report} json)
  set(reasons
      "precipitation is 'oops', not a number from 0 to 2000" "it has 5 fields, not 6"
      "'2012-02-30' is not a date" "temp_max is '', not a number from -90 to 60"
      "temp_min is 'nan', not a number from -90 to 60" "wind is '-1', not a number from 0 to 120"
      "temp_min is above temp_max" "weather is empty" "'2014-3-11' is not a date"
      "2014-06-17 comes a second time" "precipitation is '1.2.3', not a number from 0 to 2000"
      "temp_max is '1e9', not a number from -90 to 60")
  set(i 0)
  foreach(reason IN LISTS reasons)
    string(JSON why GET "${json}" broken_rows ${i} why)
    if(NOT why STREQUAL reason)
      message(FATAL_ERROR "Broken row ${i}: ${why}, not ${reason}")
    endif()
    math(EXPR i "${i} + 1")
  endforeach()

  set(lines " 3 40 80 120 160 500 600 700 800 1000 1100 ")
  make_input("!index(\"${lines}\", \" \" NR \" \")")
  expect_figures_of(${input})

elseif(CASE STREQUAL "basic")
  make_input("NR == 1 || NR % 20")
  expect_success("No records: the file has 95.[0-9] % of the days, they need 99 %")
  file(READ ${report} json)
  string(JSON ignored ERROR_VARIABLE absent GET "${json}" records)
  if(NOT absent)
    message(FATAL_ERROR "The report must have no records:\n${json}")
  endif()

elseif(CASE STREQUAL "retry")
  make_input("NR == 1 || $1 < \"2014\" || index(\"28 29 30\", substr($1, 9))")
  expect_success("731 days from 2012-01-01 to 2013-12-31" "Coldest night")

elseif(CASE STREQUAL "one_day")
  make_input("NR <= 2")
  expect_success("1 day from 2012-01-01 to 2012-01-01" "\nFebruary +0 +- +- +- +-\n")

# ---- bad input: state Failed, one line, exit code 1

elseif(CASE STREQUAL "too_few_days")
  make_input("NR == 1 || index(\"01 15\", substr($1, 9))")
  expect_failure("${input}: too many days are missing, in every month")

elseif(CASE STREQUAL "missing_file")
  expect_failure("Cannot open ${input}: No such file or directory")

elseif(CASE STREQUAL "folder")
  expect_failure("Cannot read ${WORK}: Is a directory" ${WORK})

elseif(CASE STREQUAL "empty_file")
  file(WRITE ${input} "")
  expect_failure("${input}: the file is empty")
  file(WRITE ${input} "\n\n\n")
  expect_failure("${input}: the file is empty")

elseif(CASE STREQUAL "no_days")
  make_input("NR == 1")
  expect_failure("${input}: there are no days below the header")

elseif(CASE STREQUAL "other_csv")
  file(WRITE ${input} "name,price\nbread,3.5\n")
  expect_failure("${input}: the first line is 'name,price', it must be \
'date,precipitation,temp_max,temp_min,wind,weather'")

elseif(CASE STREQUAL "binary_file")
  execute_process(COMMAND ${AWK} "BEGIN { printf \"\\177ELF\\002\\001\\033[31m\\n\\001\" }"
                  OUTPUT_FILE ${input})
  expect_failure("${input}: the first line is '?ELF???[31m', it must be \
'date,precipitation,temp_max,temp_min,wind,weather'")

elseif(CASE STREQUAL "all_rows_broken")
  make_input("NR > 1 { $2 = \"?\" } { print }")
  expect_failure("${input}: all rows are broken; line 2: precipitation is '?', not a number from 0 \
to 2000")

elseif(CASE STREQUAL "unwritable_report")
  make_input("{ print }")
  expect_failure("Cannot write ${WORK}/none/report.json: No such file or directory" ${input}
                 ${WORK}/none/report.json)

elseif(CASE STREQUAL "report_over_input")
  make_input("{ print }")
  file(SHA256 ${input} before)
  expect_failure("The report would overwrite its input ${input}" ${input} ${input})
  file(SHA256 ${input} after)
  if(NOT before STREQUAL after)
    message(FATAL_ERROR "The input was changed")
  endif()

elseif(CASE STREQUAL "too_many_arguments")
  run_pipeline(a b c)
  if(NOT exit_code STREQUAL "2" OR NOT errors STREQUAL
                                   "usage: weather_pipeline [input.csv [report.json]] | --graph\n")
    message(FATAL_ERROR "It must show its usage and end with 2, it ended with ${exit_code}:\n${errors}")
  endif()

else()
  message(FATAL_ERROR "Unknown CASE: ${CASE}")
endif()
